import type { Problem } from '../problem.ts';
import { type TensorName, tensorRows } from '../storage.ts';
import type { Tiling } from '../tiling.ts';
import { type Access, sumTraffic } from '../traffic.ts';
import { elementAccess, kvRowAccess, rowAccess } from './accesses.ts';
import { listAccess, listMemory, listSize } from './blockSparseFlash.ts';
import { blockSparseBackwardWalk } from './blockSparseWalk.ts';
import type { AlgorithmPass } from './cost.ts';
import { deltaAccesses, deltaShape, flash2Backward, gradientShapes } from './flash2Backward.ts';
import { backwardFlops } from './flops.ts';
import { type ListedSums, listedSums } from './listedSums.ts';
import { backwardTensors, exactMemory, rowStatisticSize } from './tensors.ts';
import { tileCounts } from './tileSums.ts';
import { stageWork } from './work.ts';

export const blockSparseBackwardStages = ['delta', 'dq', 'dkdv'] as const;

/**
 * The tiling of the kernel for dK and dV, which owns a key block and walks rows of tiles: the blocks of the
 * mask lie across it, so rows and columns change places, and a chunk is a multiple of the new columns.
 */
export function transposedTiling<T extends Pick<Tiling, 'br' | 'bc' | 'dc'>>(tiling: T): T {
  const { br, bc, dc } = tiling;
  return { ...tiling, br: bc, bc: br, dc: Math.ceil(dc / br) * br };
}

/**
 * Block-sparse FlashAttention backward (arXiv 2205.14135, Algorithm 4 over listed blocks alone), in the two
 * kernels of FlashAttention-2. dQ reads K twice and V once for each listed block; dK and dV read, for each
 * row of tiles that lists their block, Q twice, dO once and two statistics per row. The list is walked once
 * for each head, its ends are looked up once for each K/V head there.
 */
function accesses(problem: Problem, sums: ListedSums): Access[] {
  const [delta, dq, dkdv] = blockSparseBackwardStages;
  const queries = problem.batch * problem.seqLenQ;
  const keys = problem.batch * problem.seqLenKv;
  const layout = (name: TensorName) => tensorRows(problem, name).layout;
  const load = (stage: string, buffer: TensorName, rows: number) =>
    rowAccess(problem, { stage, buffer, kind: 'load' }, rows, layout(buffer));
  const single = (stage: string, buffer: string, count: number) =>
    elementAccess(problem, { stage, buffer, kind: 'load' }, count);
  const kvRow = (buffer: TensorName, kind: 'load' | 'store', rows: number) =>
    kvRowAccess(problem, { stage: dkdv, buffer, kind }, rows, layout(buffer));
  const ends: Access = {
    ...single(dkdv, 'block_list', 0),
    accesses: 2n * BigInt(problem.kvHeads) * BigInt(sums.keyTiles),
  };
  return [
    ...deltaAccesses(problem, delta),
    listAccess(problem, dq, sums),
    load(dq, 'q', sums.queryRowsSeeing),
    load(dq, 'dout', sums.queryRowsSeeing),
    single(dq, 'lse', sums.queryRowsSeeing),
    single(dq, 'delta', sums.queryRowsSeeing),
    load(dq, 'k', 2 * sums.keysWalked),
    load(dq, 'v', sums.keysWalked),
    rowAccess(problem, { stage: dq, buffer: 'dq', kind: 'store' }, queries, layout('dq')),
    ends,
    single(dkdv, 'block_list', sums.listed),
    kvRow('k', 'load', sums.keyRowsSeen),
    kvRow('v', 'load', sums.keyRowsSeen),
    load(dkdv, 'q', 2 * sums.queryRowsPerTile),
    load(dkdv, 'dout', sums.queryRowsPerTile),
    single(dkdv, 'lse', sums.queryRowsPerTile),
    single(dkdv, 'delta', sums.queryRowsPerTile),
    kvRow('dk', 'store', keys),
    kvRow('dv', 'store', keys),
    ...(problem.bias ? [single(dq, 'bias', sums.pairs), single(dkdv, 'bias', sums.pairs)] : []),
  ];
}

export const blockSparseBackward: AlgorithmPass = {
  stages: blockSparseBackwardStages,
  workgroupMemory: (shape, tile) =>
    listMemory +
    Math.max(
      flash2Backward.workgroupMemory(shape, tile),
      flash2Backward.workgroupMemory(shape, transposedTiling(tile)),
    ),
  scratchPerHead: () => 0,
  walk: blockSparseBackwardWalk,
  cost: (problem, tiling) => {
    const sums = listedSums(problem, tiling.br, tiling.bc);
    // S and dP in both kernels, then dQ, dK and dV.
    const dims = BigInt(4 * problem.headDim + 3 * problem.headDimV);
    return {
      traffic: sumTraffic('exact', blockSparseBackwardStages, accesses(problem, sums)),
      flops: {
        ...backwardFlops(problem, 0),
        exact: 2n * BigInt(problem.heads) * BigInt(sums.pairs) * dims,
      },
      work: stageWork(
        problem,
        tiling,
        [
          deltaShape(problem, tiling),
          gradientShapes(problem, tiling)[0]!,
          // Blocks of keys are those of the mask.
          { ...gradientShapes(problem, tiling)[1]!, perKvHead: sums.keyTiles / problem.batch },
        ],
        sums.pairs,
      ),
      tiles: tileCounts(problem, sums),
      memory: exactMemory([
        ...backwardTensors(problem),
        rowStatisticSize(problem, 'lse'),
        rowStatisticSize(problem, 'delta'),
        listSize(problem, 'block_list', sums.rowTiles, sums.listed),
        listSize(problem, 'key_block_list', sums.keyTiles, sums.listed),
      ]),
    };
  },
};
