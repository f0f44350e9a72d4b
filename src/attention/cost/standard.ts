import { visiblePairs } from '../mask.ts';
import type { Problem } from '../problem.ts';
import { type TensorName, tensorRows } from '../storage.ts';
import type { Tiling } from '../tiling.ts';
import { type Access, sumTraffic } from '../traffic.ts';
import { stagedTile } from '../workgroupMemory.ts';
import { elementAccess, rowAccess } from './accesses.ts';
import type { AlgorithmPass, CostModel } from './cost.ts';
import { forwardFlops } from './flops.ts';
import { standardWalk } from './standardWalk.ts';
import { exactMemory, forwardTensors, matrixSize } from './tensors.ts';
import { tileCounts, tileSums } from './tileSums.ts';
import { gridOf, type StageShape, stageWork } from './work.ts';

export const standardStages = ['scores', 'softmax', 'output'] as const;

/**
 * A product of the rows of two tensors, one workgroup for each tile that is not empty: the rows of the
 * first are read once for each such tile, those of the second once for each row of tiles, and every visible
 * element of the product is written.
 */
export function rowProductAccesses(
  problem: Problem,
  { br, bc }: Tiling,
  names: { stage: string; rows: TensorName; keys: TensorName; product: string },
): Access[] {
  const { stage, rows, keys, product } = names;
  const sums = tileSums(problem, br, bc);
  const load = (buffer: TensorName, count: number) =>
    rowAccess(problem, { stage, buffer, kind: 'load' }, count, tensorRows(problem, buffer).layout);
  return [
    load(rows, sums.queryRowsPerTile),
    load(keys, sums.keysWalked),
    elementAccess(problem, { stage, buffer: product, kind: 'store' }, visiblePairs(problem)),
  ];
}

/**
 * Weights of visible pairs times the rows of a K/V tensor, a workgroup for each row of tiles: each weight
 * is read once, each row once for each row of tiles, and every row of the sums is written.
 */
export function weightedSumAccesses(
  problem: Problem,
  { br, bc }: Tiling,
  names: { stage: string; weights: string; keys: TensorName; sums: TensorName },
): Access[] {
  const { stage, weights, keys, sums } = names;
  const walked = tileSums(problem, br, bc).keysWalked;
  const layout = (name: TensorName) => tensorRows(problem, name).layout;
  return [
    elementAccess(problem, { stage, buffer: weights, kind: 'load' }, visiblePairs(problem)),
    rowAccess(problem, { stage, buffer: keys, kind: 'load' }, walked, layout(keys)),
    rowAccess(problem, { stage, buffer: sums, kind: 'store' }, problem.batch * problem.seqLenQ, layout(sums)),
  ];
}

/** Bytes of workgroup memory of every product kernel of standard attention. */
export const standardWorkgroupMemory: AlgorithmPass['workgroupMemory'] = (_shape, { br, bc, dc }) =>
  Math.max(stagedTile(br, dc) + stagedTile(bc, dc), stagedTile(br, bc) + stagedTile(bc, dc));

/** Bytes of one head's score matrix. */
export const scoreBytes = ({ seqLenQ, seqLenKv }: Problem) => seqLenQ * seqLenKv * 4;

/** Scores with what the options add to them. */
export function scoreAccesses(problem: Problem, tiling: Tiling, stage: string): Access[] {
  const bias = elementAccess(problem, { stage, buffer: 'bias', kind: 'load' }, visiblePairs(problem));
  return [
    ...rowProductAccesses(problem, tiling, { stage, rows: 'q', keys: 'k', product: 's' }),
    ...(problem.bias ? [bias] : []),
  ];
}

/** Stages of a forward pass through S and P; `exponentials` for each pair in the softmax. */
export function standardShapes(problem: Problem, tiling: Tiling, exponentials: number): StageShape[] {
  const { tiles, rowTiles, rowGroups } = gridOf(problem, tiling);
  const [scores, softmax, output] = standardStages;
  return [
    { stage: scores, columns: problem.headDim, perHead: tiles },
    { stage: softmax, exponentials, perHead: rowGroups },
    { stage: output, columns: problem.headDimV, perHead: rowTiles },
  ];
}

function standardCost(softmaxReads: number, exponentials: number): CostModel {
  return (problem, tiling) => {
    const pairs = visiblePairs(problem);
    const [scores, softmax, output] = standardStages;
    return {
      traffic: sumTraffic('exact', standardStages, [
        ...scoreAccesses(problem, tiling, scores),
        elementAccess(problem, { stage: softmax, buffer: 's', kind: 'load' }, softmaxReads * pairs),
        elementAccess(problem, { stage: softmax, buffer: 'p', kind: 'store' }, pairs),
        ...weightedSumAccesses(problem, tiling, { stage: output, weights: 'p', keys: 'v', sums: 'o' }),
      ]),
      flops: forwardFlops(problem),
      work: stageWork(problem, tiling, standardShapes(problem, tiling, exponentials), pairs),
      tiles: tileCounts(problem, tileSums(problem, tiling.br, tiling.bc)),
      memory: exactMemory([
        ...forwardTensors(problem),
        matrixSize(problem, 's', tiling.headsPerSlice),
        matrixSize(problem, 'p', tiling.headsPerSlice),
      ]),
    };
  };
}

function standardPass(softmaxReads: number, exponentials: number): AlgorithmPass {
  return {
    stages: standardStages,
    workgroupMemory: standardWorkgroupMemory,
    scratchPerHead: scoreBytes,
    walk: standardWalk(softmaxReads),
    cost: standardCost(softmaxReads, exponentials),
  };
}

/**
 * Standard attention, FlashAttention paper (arXiv 2205.14135), Algorithm 0: S and P pass through memory.
 * Per head: scores read Q once for each tile that is not empty and K once for each row of tiles, and
 * write every visible score; the safe softmax reads each score three times (maximum, sum, division) and
 * writes each probability; output reads each probability once and V once for each row of tiles.
 */
export const standardForward = standardPass(3, 2);

/**
 * With the online softmax (Milakov and Gimelshein 2018), which reads each score twice and takes three
 * exponentials of it: the sum so far is rescaled at every score.
 */
export const standardOnlineForward = standardPass(2, 3);
