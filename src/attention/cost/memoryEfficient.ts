import { visiblePairs } from '../mask.ts';
import type { Problem } from '../problem.ts';
import type { Result } from '../shape.ts';
import { rowLayout, tensorRows } from '../storage.ts';
import type { TileSize, Tiling } from '../tiling.ts';
import { type Access, sumTraffic } from '../traffic.ts';
import { plainTile, rowParts, stagedTile, vec4s } from '../workgroupMemory.ts';
import { elementAccess, rowAccess } from './accesses.ts';
import type { AlgorithmPass, BufferSize } from './cost.ts';
import { flash2Backward, gradientAccesses, gradientShapes } from './flash2Backward.ts';
import { backwardFlops, forwardFlops } from './flops.ts';
import { heldRows } from './memoryEfficientRows.ts';
import { memoryEfficientBackwardWalk, memoryEfficientWalk } from './memoryEfficientWalk.ts';
import { splitKeys } from './packedTiles.ts';
import { biasSize, exactMemory, forwardTensors, rowStatisticSize, tensorSize } from './tensors.ts';
import { tileCounts, tileSums } from './tileSums.ts';
import { rowsPerGroup, type StageShape, stageWork } from './work.ts';

export { heldRows } from './memoryEfficientRows.ts';

export const memoryEfficientStages = ['chunk', 'merge'] as const;
export const memoryEfficientBackwardStages = ['chunk', 'merge', 'dq', 'dkdv'] as const;

/** A row's statistics of all chunks lie in workgroup memory while they are merged. */
const mostChunks = 256;

/** Chunks of about sqrt(M) keys, whole tiles; larger ones where there would be more than 256. */
function chooseChunks(
  { seqLenKv }: Problem,
  { bc }: TileSize,
  requested: number | undefined,
): Result<number> {
  if (
    requested !== undefined &&
    !(Number.isSafeInteger(requested) && requested >= 1 && requested <= mostChunks)
  ) {
    return { ok: false, error: `tiling splits=${requested}: must be a whole number from 1 to ${mostChunks}` };
  }
  const keys = Math.max(1, Math.round(Math.sqrt(seqLenKv) / bc)) * bc;
  const splits = requested ?? Math.min(mostChunks, Math.ceil(seqLenKv / keys));
  return { ok: true, value: Math.ceil(seqLenKv / splitKeys({ seqLenKv }, { splits, bc })) };
}

/** Bytes of one head's partial O: for each held row and chunk whole vec4s, f32. */
export function partialOBytes(problem: Problem, tiling: Pick<Tiling, 'br' | 'splits'>): number {
  return heldRows(problem, tiling) * tiling.splits * vec4s(problem.headDimV) * 16;
}

/** Bytes of one head's maxima and sums. */
export function partialStatisticsBytes(problem: Problem, tiling: Pick<Tiling, 'br' | 'splits'>): number {
  return heldRows(problem, tiling) * tiling.splits * 8;
}

/** What chunks leave for the merge. */
function partialSizes(problem: Problem, tiling: Tiling): BufferSize[] {
  const heads = Math.max(1, tiling.headsPerSlice);
  return [
    { name: 'partial_o', bytes: heads * partialOBytes(problem, tiling) },
    { name: 'partial_statistics', bytes: heads * partialStatisticsBytes(problem, tiling) },
  ];
}

/**
 * Memory-efficient attention (Rabe and Staats, arXiv 2112.05682): a chunk of queries against every chunk of
 * keys, each leaving its partial O, maximum and sum, which are merged before the next chunk of queries takes
 * their place. K and V are read once for each row of tiles, Q once for each row of tiles and chunk; a row's
 * partial results are written and read once for each chunk of which it sees a key. Scores of a tile stay on
 * the chip here, where the paper leaves that to the compiler.
 */
function summaryAccesses(problem: Problem, tiling: Tiling): Access[] {
  const [chunk, merge] = memoryEfficientStages;
  const keys = splitKeys(problem, tiling);
  const { keysWalked } = tileSums(problem, tiling.br, tiling.bc);
  const queryRows = tileSums(problem, tiling.br, keys).queryRowsPerTile;
  const parts = tileSums(problem, 1, keys).queryRowsPerTile;
  const layout = (name: 'q' | 'k' | 'v') => tensorRows(problem, name).layout;
  const load = (buffer: 'q' | 'k' | 'v', rows: number) =>
    rowAccess(problem, { stage: chunk, buffer, kind: 'load' }, rows, layout(buffer));
  const partial = (stage: string, kind: 'load' | 'store'): Access[] => [
    rowAccess(
      problem,
      { stage, buffer: 'partial_o', kind },
      parts,
      rowLayout('f32', vec4s(problem.headDimV) * 4),
    ),
    { ...elementAccess(problem, { stage, buffer: 'partial_statistics', kind }, parts), bytesPerAccess: 8 },
  ];
  const bias = elementAccess(problem, { stage: chunk, buffer: 'bias', kind: 'load' }, visiblePairs(problem));
  return [
    load('q', queryRows),
    load('k', keysWalked),
    load('v', keysWalked),
    ...(problem.bias ? [bias] : []),
    ...partial(chunk, 'store'),
    ...partial(merge, 'load'),
  ];
}

function forwardAccesses(problem: Problem, tiling: Tiling): Access[] {
  const [, stage] = memoryEfficientStages;
  const { layout } = tensorRows(problem, 'o');
  const queries = problem.batch * problem.seqLenQ;
  return [
    ...summaryAccesses(problem, tiling),
    rowAccess(problem, { stage, buffer: 'o', kind: 'store' }, queries, layout),
  ];
}

/**
 * Backward with checkpointing, as the paper differentiates: nothing of the forward pass is kept, the summaries of the chunks
 * are computed again. Their merge reads dO and leaves the log-sum-exp and delta of a row, from which the two
 * kernels of FlashAttention-2 recompute P and give dQ, dK and dV.
 */
function backwardAccesses(problem: Problem, tiling: Tiling): Access[] {
  const [, stage] = memoryEfficientStages;
  const { layout } = tensorRows(problem, 'dout');
  const queries = problem.batch * problem.seqLenQ;
  return [
    ...summaryAccesses(problem, tiling),
    rowAccess(problem, { stage, buffer: 'dout', kind: 'load' }, queries, layout),
    elementAccess(problem, { stage, buffer: 'lse', kind: 'store' }, queries),
    elementAccess(problem, { stage, buffer: 'delta', kind: 'store' }, queries),
    ...gradientAccesses(problem, tiling),
  ];
}

/** Two dispatches for each chunk of queries: chunks of keys, and their merge. */
function summaryShapes(problem: Problem, tiling: Tiling): StageShape[] {
  const { seqLenQ, headDim, headDimV } = problem;
  const held = heldRows(problem, tiling);
  const dispatches = Math.ceil(seqLenQ / held);
  const rest = seqLenQ - (dispatches - 1) * held;
  const groups = (size: number) => (dispatches - 1) * Math.ceil(held / size) + Math.ceil(rest / size);
  const [chunk, merge] = memoryEfficientStages;
  return [
    {
      ...{ stage: chunk, dispatches, columns: headDim + headDimV, exponentials: 1 },
      perHead: groups(tiling.br) * tiling.splits,
    },
    { stage: merge, dispatches, perHead: groups(rowsPerGroup) },
  ];
}

export const memoryEfficientForward: AlgorithmPass = {
  stages: memoryEfficientStages,
  workgroupMemory: ({ headDim }, { br, bc, dc }) =>
    plainTile(br, headDim) + stagedTile(bc, dc) + stagedTile(br, bc) + rowParts(br, bc),
  scratchPerHead: partialOBytes,
  splits: chooseChunks,
  walk: memoryEfficientWalk,
  cost: (problem, tiling) => ({
    traffic: sumTraffic('exact', memoryEfficientStages, forwardAccesses(problem, tiling)),
    flops: forwardFlops(problem),
    work: stageWork(problem, tiling, summaryShapes(problem, tiling)),
    tiles: tileCounts(problem, tileSums(problem, tiling.br, tiling.bc)),
    memory: exactMemory([...forwardTensors(problem), ...partialSizes(problem, tiling)]),
  }),
};

export const memoryEfficientBackward: AlgorithmPass = {
  stages: memoryEfficientBackwardStages,
  // The chunks' kernel declares less than the gradients'.
  workgroupMemory: flash2Backward.workgroupMemory,
  scratchPerHead: partialOBytes,
  splits: chooseChunks,
  walk: memoryEfficientBackwardWalk,
  cost: (problem, tiling) => ({
    traffic: sumTraffic('exact', memoryEfficientBackwardStages, backwardAccesses(problem, tiling)),
    // The chunks' two products, S and dP in both of the gradients' kernels, then dQ, dK and dV.
    flops: backwardFlops(problem, 5 * problem.headDim + 4 * problem.headDimV),
    work: stageWork(problem, tiling, [...summaryShapes(problem, tiling), ...gradientShapes(problem, tiling)]),
    tiles: tileCounts(problem, tileSums(problem, tiling.br, tiling.bc)),
    memory: exactMemory([
      ...(['q', 'k', 'v', 'dout', 'dq', 'dk', 'dv'] as const).map((name) => tensorSize(problem, name)),
      ...(problem.bias ? [biasSize(problem)] : []),
      rowStatisticSize(problem, 'lse'),
      rowStatisticSize(problem, 'delta'),
      ...partialSizes(problem, tiling),
    ]),
  }),
};
