import { sumTraffic } from '../traffic.ts';
import { elementAccess, rowAccess } from './accesses.ts';
import type { CostModel } from './cost.ts';
import { forwardFlops } from './flops.ts';
import { exactMemory, lseSize, tensorSizes } from './tensors.ts';
import { tileCounts, tileSums } from './tileSums.ts';

export const flash2Stages = ['attention'] as const;

/**
 * FlashAttention-2 forward (arXiv 2307.08691, section 3.1, Algorithm 1): one workgroup per block of br
 * query rows walks the K and V blocks that its last row sees. Q is read once, K and V once for each
 * block of query rows, O and the log-sum-exp are written once.
 */
export const flash2Cost: CostModel = (problem, tiling) => {
  const sums = tileSums(problem, tiling.br, tiling.bc);
  const { headDim, headDimV, seqLenQ } = problem;
  const [stage] = flash2Stages;
  const row = rowAccess.bind(null, problem);
  return {
    traffic: sumTraffic('exact', flash2Stages, [
      row({ stage, buffer: 'q', kind: 'load' }, sums.queryRowsSeeing, headDim),
      row({ stage, buffer: 'k', kind: 'load' }, sums.keysWalked, headDim),
      row({ stage, buffer: 'v', kind: 'load' }, sums.keysWalked, headDimV),
      row({ stage, buffer: 'o', kind: 'store' }, seqLenQ, headDimV),
      elementAccess(problem, { stage, buffer: 'lse', kind: 'store' }, seqLenQ),
    ]),
    flops: forwardFlops(problem),
    tiles: tileCounts(problem, sums),
    memory: exactMemory([...tensorSizes(problem), lseSize(problem)]),
  };
};
