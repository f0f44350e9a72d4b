import { visiblePairs } from '../mask.ts';
import type { Problem } from '../problem.ts';
import { type TensorName, tensorRows } from '../storage.ts';
import type { Tiling } from '../tiling.ts';
import { type Access, sumTraffic } from '../traffic.ts';
import { plainTile, rowParts, stagedTile } from '../workgroupMemory.ts';
import { elementAccess, kvRowAccess, rowAccess } from './accesses.ts';
import type { AlgorithmPass } from './cost.ts';
import { flash2BackwardWalk } from './flash2BackwardWalk.ts';
import { backwardFlops } from './flops.ts';
import { backwardTensors, exactMemory, rowStatisticSize } from './tensors.ts';
import { tileCounts, tileSums } from './tileSums.ts';
import { gridOf, type StageShape, stageWork } from './work.ts';

export const flash2BackwardStages = ['delta', 'dq', 'dkdv'] as const;

/** The row dot of every backward pass of the flash family: O and dO once, delta written once. */
export function deltaAccesses(problem: Problem, stage: string): Access[] {
  const queries = problem.batch * problem.seqLenQ;
  const row = rowAccess.bind(null, problem);
  return [
    row({ stage, buffer: 'o', kind: 'load' }, queries, tensorRows(problem, 'o').layout),
    row({ stage, buffer: 'dout', kind: 'load' }, queries, tensorRows(problem, 'dout').layout),
    elementAccess(problem, { stage, buffer: 'delta', kind: 'store' }, queries),
  ];
}

/**
 * FlashAttention-2 backward as two kernels without atomics (as metal-flash-attention splits it). dQ walks
 * as forward does and reads K twice, for the scores and for the product. dK and dV: the workgroup of br
 * keys reads, for each tile of bc query rows that sees any of them, Q twice, dO once and two statistics
 * per row.
 */
export function gradientAccesses(problem: Problem, tiling: Tiling): Access[] {
  const [, dq, dkdv] = flash2BackwardStages;
  const byQuery = tileSums(problem, tiling.br, tiling.bc);
  const byKey = tileSums(problem, tiling.bc, tiling.br);
  const pairs = visiblePairs(problem);
  const queries = problem.batch * problem.seqLenQ;
  const keys = problem.batch * problem.seqLenKv;
  const layout = (name: TensorName) => tensorRows(problem, name).layout;
  const load = (stage: string, buffer: TensorName, rows: number) =>
    rowAccess(problem, { stage, buffer, kind: 'load' }, rows, layout(buffer));
  const single = (stage: string, buffer: string, count: number) =>
    elementAccess(problem, { stage, buffer, kind: 'load' }, count);
  const kvRow = (buffer: TensorName, kind: 'load' | 'store') =>
    kvRowAccess(problem, { stage: dkdv, buffer, kind }, keys, layout(buffer));
  return [
    load(dq, 'q', byQuery.queryRowsSeeing),
    load(dq, 'dout', byQuery.queryRowsSeeing),
    single(dq, 'lse', byQuery.queryRowsSeeing),
    single(dq, 'delta', byQuery.queryRowsSeeing),
    load(dq, 'k', 2 * byQuery.keysWalked),
    load(dq, 'v', byQuery.keysWalked),
    rowAccess(problem, { stage: dq, buffer: 'dq', kind: 'store' }, queries, layout('dq')),
    kvRow('k', 'load'),
    kvRow('v', 'load'),
    load(dkdv, 'q', 2 * byKey.queryRowsPerTile),
    load(dkdv, 'dout', byKey.queryRowsPerTile),
    single(dkdv, 'lse', byKey.queryRowsPerTile),
    single(dkdv, 'delta', byKey.queryRowsPerTile),
    kvRow('dk', 'store'),
    kvRow('dv', 'store'),
    ...(problem.bias ? [single(dq, 'bias', pairs), single(dkdv, 'bias', pairs)] : []),
  ];
}

/** Both kernels recompute S, P and dP; dQ, and dK with dV, are what each adds. */
export function gradientShapes(problem: Problem, tiling: Pick<Tiling, 'br' | 'bc'>): StageShape[] {
  const { headDim, headDimV, seqLenKv } = problem;
  const [, dq, dkdv] = flash2BackwardStages;
  return [
    {
      stage: dq,
      columns: 2 * headDim + headDimV,
      exponentials: 1,
      perHead: gridOf(problem, tiling).rowTiles,
    },
    {
      stage: dkdv,
      columns: 2 * (headDim + headDimV),
      exponentials: 1,
      perKvHead: Math.ceil(seqLenKv / tiling.br),
    },
  ];
}

/** The row dot. */
export function deltaShape(problem: Problem, tiling: Tiling): StageShape {
  return { stage: flash2BackwardStages[0], perHead: gridOf(problem, tiling).rowGroups };
}

export const flash2Backward: AlgorithmPass = {
  stages: flash2BackwardStages,
  workgroupMemory: ({ headDim, headDimV }, { br, bc, dc }) =>
    plainTile(br, headDim) +
    stagedTile(bc, dc) +
    stagedTile(br, bc) +
    // Backward keeps a second tile of rows and their statistics; the forward pass before it partial rows.
    Math.max(plainTile(br, headDimV) + 8 * Math.max(br, bc), rowParts(br, bc)),
  scratchPerHead: () => 0,
  walk: flash2BackwardWalk,
  cost: (problem, tiling) => ({
    traffic: sumTraffic('exact', flash2BackwardStages, [
      ...deltaAccesses(problem, flash2BackwardStages[0]),
      ...gradientAccesses(problem, tiling),
    ]),
    // S and dP in both kernels, then dQ, dK and dV.
    flops: backwardFlops(problem, 4 * problem.headDim + 3 * problem.headDimV),
    work: stageWork(problem, tiling, [deltaShape(problem, tiling), ...gradientShapes(problem, tiling)]),
    tiles: tileCounts(problem, tileSums(problem, tiling.br, tiling.bc)),
    memory: exactMemory([
      ...backwardTensors(problem),
      rowStatisticSize(problem, 'lse'),
      rowStatisticSize(problem, 'delta'),
    ]),
  }),
};
