import { visiblePairs } from '../mask.ts';
import type { Problem } from '../problem.ts';
import { type TensorName, tensorRows } from '../storage.ts';
import type { Tiling } from '../tiling.ts';
import { type Access, sumTraffic } from '../traffic.ts';
import { elementAccess, kvRowAccess, rowAccess } from './accesses.ts';
import type { AlgorithmPass, BufferSize } from './cost.ts';
import { backwardFlops } from './flops.ts';
import { rowProductAccesses, scoreBytes, standardWorkgroupMemory, weightedSumAccesses } from './standard.ts';
import { standardBackwardWalk } from './standardWalk.ts';
import { biasSize, exactMemory, keptMatrixSize, matrixSize, tensorSize } from './tensors.ts';
import { tileCounts, tileSums } from './tileSums.ts';
import { gridOf, type StageShape, stageWork } from './work.ts';

export const standardBackwardStages = ['dv', 'dp', 'ds', 'dq', 'dk'] as const;

/** Tensors of a backward pass that needs neither O nor the log-sum-exp, since P is kept. */
export const keptTensors = ['q', 'k', 'v', 'dout', 'dq', 'dk', 'dv'] as const satisfies TensorName[];

/**
 * Weights of visible pairs times rows of query tensors, summed by the owners of the keys: each weight is
 * read once, the rows of each tile of bc query rows once for every br keys of which any is seen.
 */
export function keySumAccesses(
  problem: Problem,
  { br, bc }: Tiling,
  names: { stage: string; weights: string; rows: TensorName; sums: TensorName },
): Access[] {
  const { stage, weights, rows, sums } = names;
  const read = tileSums(problem, bc, br).queryRowsPerTile;
  const layout = (name: TensorName) => tensorRows(problem, name).layout;
  const keys = problem.batch * problem.seqLenKv;
  return [
    elementAccess(problem, { stage, buffer: weights, kind: 'load' }, visiblePairs(problem)),
    rowAccess(problem, { stage, buffer: rows, kind: 'load' }, read, layout(rows)),
    kvRowAccess(problem, { stage, buffer: sums, kind: 'store' }, keys, layout(sums)),
  ];
}

/** The gradient of the softmax: P and dP are read for the row sum and again for dS, which is written. */
export function softmaxGradientAccesses(problem: Problem, stage: string): Access[] {
  const pairs = visiblePairs(problem);
  return [
    elementAccess(problem, { stage, buffer: 'p', kind: 'load' }, 2 * pairs),
    elementAccess(problem, { stage, buffer: 'dp', kind: 'load' }, 2 * pairs),
    elementAccess(problem, { stage, buffer: 'ds', kind: 'store' }, pairs),
  ];
}

/** The five products and the softmax's gradient; the exponentials were taken by the forward pass. */
export function standardBackwardShapes(problem: Problem, tiling: Tiling): StageShape[] {
  const { headDim, headDimV, seqLenKv } = problem;
  const { tiles, rowTiles, rowGroups } = gridOf(problem, tiling);
  const [dv, dp, ds, dq, dk] = standardBackwardStages;
  const keyOwners = Math.ceil(seqLenKv / tiling.br);
  return [
    { stage: dv, columns: headDimV, perKvHead: keyOwners },
    { stage: dp, columns: headDimV, perHead: tiles },
    { stage: ds, perHead: rowGroups },
    { stage: dq, columns: headDim, perHead: rowTiles },
    { stage: dk, columns: headDim, perKvHead: keyOwners },
  ];
}

function accesses(problem: Problem, tiling: Tiling): Access[] {
  const [dv, dp, ds, dq, dk] = standardBackwardStages;
  const slope = elementAccess(problem, { stage: ds, buffer: 'slope', kind: 'load' }, visiblePairs(problem));
  return [
    ...keySumAccesses(problem, tiling, { stage: dv, weights: 'p', rows: 'dout', sums: 'dv' }),
    ...rowProductAccesses(problem, tiling, { stage: dp, rows: 'dout', keys: 'v', product: 'dp' }),
    ...softmaxGradientAccesses(problem, ds),
    ...(problem.softcap === null ? [] : [slope]),
    ...weightedSumAccesses(problem, tiling, { stage: dq, weights: 'ds', keys: 'k', sums: 'dq' }),
    ...keySumAccesses(problem, tiling, { stage: dk, weights: 'ds', rows: 'q', sums: 'dk' }),
  ];
}

/** What every backward pass that keeps P holds: tensors, bias, kept matrices, and dP and dS of a slice. */
export function keptMemory(problem: Problem, tiling: Tiling, kept: readonly string[]): BufferSize[] {
  return [
    ...keptTensors.map((name) => tensorSize(problem, name)),
    ...(problem.bias ? [biasSize(problem)] : []),
    ...kept.map((name) => keptMatrixSize(problem, name)),
    matrixSize(problem, 'dp', tiling.headsPerSlice),
    matrixSize(problem, 'ds', tiling.headsPerSlice),
  ];
}

/** Matrices that the forward pass keeps for the backward: P, and the slope of the softcap at each score. */
export function keptMatrices({ softcap }: Problem): string[] {
  return softcap === null ? ['p'] : ['p', 'slope'];
}

/** A kept matrix may begin up to one offset alignment (256 bytes at most) before a slice's own part. */
const alignmentSlack = 256;

/** Bytes of one head's part of a kept matrix as a slice binds it. */
export const keptBytes = (problem: Problem) => scoreBytes(problem) + alignmentSlack;

/**
 * Standard attention's backward pass, FlashAttention paper, Algorithm 3: P is kept from the forward pass,
 * and dP and dS pass through memory.
 */
export const standardBackward: AlgorithmPass = {
  stages: standardBackwardStages,
  workgroupMemory: standardWorkgroupMemory,
  scratchPerHead: keptBytes,
  walk: standardBackwardWalk,
  cost: (problem, tiling) => ({
    traffic: sumTraffic('exact', standardBackwardStages, accesses(problem, tiling)),
    flops: backwardFlops(problem, 2 * (problem.headDim + problem.headDimV)),
    work: stageWork(problem, tiling, standardBackwardShapes(problem, tiling)),
    tiles: tileCounts(problem, tileSums(problem, tiling.br, tiling.bc)),
    memory: exactMemory(keptMemory(problem, tiling, keptMatrices(problem))),
  }),
};
