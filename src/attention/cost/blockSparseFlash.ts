import { listedEntries } from '../blockList.ts';
import type { Problem } from '../problem.ts';
import { tensorRows } from '../storage.ts';
import { type Access, sumTraffic } from '../traffic.ts';
import { elementAccess, rowAccess } from './accesses.ts';
import { blockSparseWalk } from './blockSparseWalk.ts';
import type { AlgorithmPass, BufferSize, CostModel } from './cost.ts';
import { flash2Forward } from './flash2.ts';
import { forwardFlops } from './flops.ts';
import { type ListedSums, listedSums } from './listedSums.ts';
import { exactMemory, forwardTensors, rowStatisticSize } from './tensors.ts';
import { tileCounts } from './tileSums.ts';
import { fusedShape, stageWork } from './work.ts';

export const blockSparseStages = ['attention'] as const;

/**
 * A buffer of lists: a 32-bit word for each start, for the end, and for each listed block. `lists` and
 * `listed` are over the whole batch; one set serves all entries unless each has its own.
 */
export function listSize(problem: Problem, name: string, lists: number, listed: number): BufferSize {
  const share = listedEntries(problem) / problem.batch;
  return { name, bytes: 4 * (lists * share + 1 + listed * share) };
}

/** A walk over the lists of the rows of tiles: where each begins and ends, and every block in it. */
export function listAccess(problem: Problem, stage: string, sums: ListedSums): Access {
  const place = { stage, buffer: 'block_list', kind: 'load' } as const;
  return elementAccess(problem, place, 2 * sums.rowTiles + sums.listed);
}

/**
 * Block-sparse FlashAttention (arXiv 2205.14135, section 3.3, Algorithm 5) in the loop order of
 * FlashAttention-2: Q is read once, K and V once for each listed block, O and the log-sum-exp are written
 * once: the IO of the dense kernel times the share of blocks listed (Proposition 4). Rows of tiles that list
 * nothing read nothing.
 */
const cost: CostModel = (problem, tiling) => {
  const sums = listedSums(problem, tiling.br, tiling.bc);
  const [stage] = blockSparseStages;
  const queries = problem.batch * problem.seqLenQ;
  const row = rowAccess.bind(null, problem);
  const element = elementAccess.bind(null, problem);
  const layout = (name: 'q' | 'k' | 'v' | 'o') => tensorRows(problem, name).layout;
  const dims = BigInt(problem.headDim + problem.headDimV);
  return {
    traffic: sumTraffic('exact', blockSparseStages, [
      listAccess(problem, stage, sums),
      row({ stage, buffer: 'q', kind: 'load' }, sums.queryRowsSeeing, layout('q')),
      row({ stage, buffer: 'k', kind: 'load' }, sums.keysWalked, layout('k')),
      row({ stage, buffer: 'v', kind: 'load' }, sums.keysWalked, layout('v')),
      ...(problem.bias ? [element({ stage, buffer: 'bias', kind: 'load' }, sums.pairs)] : []),
      row({ stage, buffer: 'o', kind: 'store' }, queries, layout('o')),
      element({ stage, buffer: 'lse', kind: 'store' }, queries),
    ]),
    flops: {
      ...forwardFlops(problem),
      exact: 2n * BigInt(problem.heads) * BigInt(sums.pairs) * dims,
    },
    work: stageWork(problem, tiling, [fusedShape(problem, tiling, stage)], sums.pairs),
    tiles: tileCounts(problem, sums),
    memory: exactMemory([
      ...forwardTensors(problem),
      rowStatisticSize(problem, 'lse'),
      listSize(problem, 'block_list', sums.rowTiles, sums.listed),
    ]),
  };
};

export const blockSparseForward: AlgorithmPass = {
  stages: blockSparseStages,
  workgroupMemory: (shape, tile) => flash2Forward.workgroupMemory(shape, tile) + listMemory,
  scratchPerHead: () => 0,
  walk: blockSparseWalk,
  cost,
};

/** Bytes of workgroup memory through which one invocation hands the list to the others. */
export const listMemory = 16;
