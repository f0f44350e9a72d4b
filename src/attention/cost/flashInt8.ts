import { int8Bytes, int8Words, keysPerWord, rowsPerScale, scalePlaces } from '../int8.ts';
import { bandsOf, maskClasses, visiblePairs } from '../mask.ts';
import type { Dtype, Problem } from '../problem.ts';
import { tensorRows } from '../storage.ts';
import type { Tiling } from '../tiling.ts';
import { type Access, sumTraffic } from '../traffic.ts';
import { rowParts, vec4s } from '../workgroupMemory.ts';
import { elementAccess, kvRowAccess, rowAccess } from './accesses.ts';
import type { AlgorithmPass, BufferSize } from './cost.ts';
import { flashInt8Walk } from './flashInt8Walk.ts';
import { forwardFlops } from './flops.ts';
import { cellsOf } from './segmentSums.ts';
import { exactMemory, forwardTensors } from './tensors.ts';
import { tileLanes, tileSegments } from './tileSegments.ts';
import { tileCounts, tileSums } from './tileSums.ts';
import { fusedShape, stageWork } from './work.ts';

/**
 * Largest relative error of O that is accepted for normal inputs. A code is off by at most 1/254 of its
 * block's largest element, about 3.5 standard deviations: 0.8 % of one in the mean square, for Q, K, V and P
 * alike, which adds up to about 1.5 % of O whatever the storage type. The bound is four times that, since few
 * outputs may lie together by chance.
 */
export const int8ErrorBound: Readonly<Record<Dtype, number>> = { f32: 0.06, f16: 0.06, bf16: 0.06 };

export const flashInt8Stages = ['quantise', 'attention'] as const;

/** Codes and scales of one slice of heads, which the next slice uses again. */
export function int8Buffers(
  problem: Problem,
  tiling: Pick<Tiling, 'headsPerSlice'>,
  rotated: boolean,
): BufferSize[] {
  const heads = Math.max(1, tiling.headsPerSlice);
  const kvHeads = Math.ceil(heads / (problem.heads / problem.kvHeads));
  const { q8, k8, v8 } = int8Bytes(problem, rotated);
  return [
    { name: 'q8', bytes: heads * q8 },
    { name: 'k8', bytes: kvHeads * k8 },
    { name: 'v8', bytes: kvHeads * v8 },
    { name: 'scales', bytes: 4 * scalePlaces(problem, tiling).count },
  ];
}

/** Words of V and scales that the tiles of one head read, over the whole batch. */
export function codeSums(problem: Problem, br: number) {
  const sums = { keyGroups: 0, rowScales: 0 };
  const lanes = tileLanes(problem.seqLenQ, br);
  for (const { batch, count } of maskClasses(problem)) {
    const bands = bandsOf(problem, batch);
    for (const segment of lanes.flatMap((lane) => [...tileSegments(lane, bands)])) {
      sums.keyGroups += count * cellsOf(segment, keysPerWord);
      sums.rowScales += count * segment.tiles * Math.ceil(segment.rows / keysPerWord);
    }
  }
  // A scale is looked up for every four rows and every four keys.
  return { ...sums, keyScales: sums.keyGroups };
}

/**
 * FlashAttention-2's walk over eight-bit codes (FlashAttention-3, arXiv 2407.08608, section 3.3). Quantising
 * reads Q, K and V once and writes a quarter of their f32 bytes; attention reads a word of four codes where
 * flash2 reads four elements. For inference: no log-sum-exp is kept.
 */
function accesses(problem: Problem, tiling: Tiling, rotated: boolean): Access[] {
  const [quantise, stage] = flashInt8Stages;
  const { batch, seqLenQ, seqLenKv, headDimV } = problem;
  const { keyGroups, keyScales, rowScales } = codeSums(problem, tiling.br);
  const tiles = tileSums(problem, tiling.br, tiling.bc);
  const words = int8Words(problem, rotated);
  const row = rowAccess.bind(null, problem);
  const kvRow = kvRowAccess.bind(null, problem);
  const element = elementAccess.bind(null, problem);
  const layout = (name: 'q' | 'k' | 'v' | 'o') => tensorRows(problem, name).layout;
  const single = { dtype: 'f32', width: 1, accesses: 1, bytesPerAccess: 4, bytes: 4 } as const;
  const kvWords = (buffer: string, count: number) =>
    kvRow({ stage: quantise, buffer, kind: 'store' }, count, single);
  const queries = batch * seqLenQ;
  return [
    row({ stage: quantise, buffer: 'q', kind: 'load' }, queries, layout('q')),
    kvRow({ stage: quantise, buffer: 'k', kind: 'load' }, batch * seqLenKv, layout('k')),
    kvRow({ stage: quantise, buffer: 'v', kind: 'load' }, batch * seqLenKv, layout('v')),
    element({ stage: quantise, buffer: 'q8', kind: 'store' }, queries * words),
    kvWords('k8', batch * seqLenKv * words),
    kvWords('v8', batch * Math.ceil(seqLenKv / keysPerWord) * headDimV),
    element({ stage: quantise, buffer: 'scales', kind: 'store' }, batch * Math.ceil(seqLenQ / rowsPerScale)),
    kvWords('scales', 2 * batch * Math.ceil(seqLenKv / rowsPerScale)),
    element({ stage, buffer: 'q8', kind: 'load' }, tiles.queryRowsSeeing * words),
    element({ stage, buffer: 'k8', kind: 'load' }, tiles.keysWalked * words),
    element({ stage, buffer: 'v8', kind: 'load' }, keyGroups * headDimV),
    element({ stage, buffer: 'scales', kind: 'load' }, rowScales + 2 * keyScales),
    ...(problem.bias ? [element({ stage, buffer: 'bias', kind: 'load' }, visiblePairs(problem))] : []),
    row({ stage, buffer: 'o', kind: 'store' }, queries, layout('o')),
  ];
}

function flashInt8(rotated: boolean): AlgorithmPass {
  return {
    stages: flashInt8Stages,
    workgroupMemory: (shape, { br, bc }) => {
      const words = int8Words(shape, rotated);
      const attention =
        4 * (words + 1) * (br + bc) +
        bc * shape.headDimV +
        4 * br * (bc / 4 + 1) +
        br +
        2 * bc +
        rowParts(br, bc);
      const quantise = 4 * rowsPerScale * Math.max(4 * words, 4 * vec4s(shape.headDimV)) + 4 * 64;
      return Math.max(attention, quantise);
    },
    scratchPerHead: (problem) => Math.max(...Object.values(int8Bytes(problem, rotated))),
    // The codes of a slice's keys are those of whole K/V heads.
    wholeGroups: true,
    walk: flashInt8Walk(rotated),
    cost: (problem, tiling) => ({
      traffic: sumTraffic('exact', flashInt8Stages, accesses(problem, tiling, rotated)),
      flops: forwardFlops(problem),
      work: stageWork(problem, tiling, [
        {
          stage: flashInt8Stages[0],
          // Q, K and V.
          dispatches: 3,
          perHead: Math.ceil(problem.seqLenQ / rowsPerScale),
          perKvHead: 2 * Math.ceil(problem.seqLenKv / rowsPerScale),
        },
        fusedShape(problem, tiling, flashInt8Stages[1]),
      ]),
      tiles: tileCounts(problem, tileSums(problem, tiling.br, tiling.bc)),
      memory: exactMemory([...forwardTensors(problem), ...int8Buffers(problem, tiling, rotated)]),
    }),
  };
}

export const flashInt8Forward = flashInt8(false);
export const flashInt8RotatedForward = flashInt8(true);
