import { visiblePairs } from '../mask.ts';
import { tensorRows } from '../storage.ts';
import { sumTraffic } from '../traffic.ts';
import { plainTile, rowParts, stagedTile } from '../workgroupMemory.ts';
import { elementAccess, rowAccess } from './accesses.ts';
import type { AlgorithmPass, CostModel } from './cost.ts';
import { flash2Walk } from './flash2Walk.ts';
import { forwardFlops } from './flops.ts';
import { exactMemory, forwardTensors, rowStatisticSize } from './tensors.ts';
import { tileCounts, tileSums } from './tileSums.ts';
import { fusedShape, stageWork } from './work.ts';

export const flash2Stages = ['attention'] as const;

/**
 * FlashAttention-2 forward (arXiv 2307.08691, section 3.1, Algorithm 1): one workgroup per block of br
 * query rows walks the K and V blocks that any of its rows sees. Q is read once, K and V once for each
 * block of query rows, O and the log-sum-exp are written once.
 */
const cost: CostModel = (problem, tiling) => {
  const sums = tileSums(problem, tiling.br, tiling.bc);
  const [stage] = flash2Stages;
  const queries = problem.batch * problem.seqLenQ;
  const row = rowAccess.bind(null, problem);
  const element = elementAccess.bind(null, problem);
  const layout = (name: 'q' | 'k' | 'v' | 'o') => tensorRows(problem, name).layout;
  return {
    traffic: sumTraffic('exact', flash2Stages, [
      row({ stage, buffer: 'q', kind: 'load' }, sums.queryRowsSeeing, layout('q')),
      row({ stage, buffer: 'k', kind: 'load' }, sums.keysWalked, layout('k')),
      row({ stage, buffer: 'v', kind: 'load' }, sums.keysWalked, layout('v')),
      ...(problem.bias ? [element({ stage, buffer: 'bias', kind: 'load' }, visiblePairs(problem))] : []),
      row({ stage, buffer: 'o', kind: 'store' }, queries, layout('o')),
      element({ stage, buffer: 'lse', kind: 'store' }, queries),
    ]),
    flops: forwardFlops(problem),
    work: stageWork(problem, tiling, [fusedShape(problem, tiling, stage)]),
    tiles: tileCounts(problem, sums),
    memory: exactMemory([...forwardTensors(problem), rowStatisticSize(problem, 'lse')]),
  };
};

export const flash2Forward: AlgorithmPass = {
  stages: flash2Stages,
  workgroupMemory: ({ headDim }, { br, bc, dc }) =>
    plainTile(br, headDim) + stagedTile(bc, dc) + stagedTile(br, bc) + rowParts(br, bc),
  scratchPerHead: () => 0,
  walk: flash2Walk,
  cost,
};
