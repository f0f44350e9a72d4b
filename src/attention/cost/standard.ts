import { visiblePairs } from '../mask.ts';
import { sumTraffic } from '../traffic.ts';
import { elementAccess, rowAccess } from './accesses.ts';
import type { CostModel } from './cost.ts';
import { forwardFlops } from './flops.ts';
import { exactMemory, matrixSize, tensorSizes } from './tensors.ts';
import { tileCounts, tileSums } from './tileSums.ts';

export const standardStages = ['scores', 'softmax', 'output'] as const;

/**
 * Standard attention, FlashAttention paper (arXiv 2205.14135), Algorithm 0: S and P pass through memory.
 * Per head: scores read Q once for each tile that is not empty and K once for each row of tiles, and
 * write every visible score; the safe softmax reads each score three times (maximum, sum, division) and
 * writes each probability; output reads each probability once and V once for each row of tiles.
 */
export const standardCost: CostModel = (problem, tiling) => {
  const sums = tileSums(problem, tiling.br, tiling.bc);
  const pairs = visiblePairs(problem);
  const { headDim, headDimV, seqLenQ } = problem;
  const [scores, softmax, output] = standardStages;
  const row = rowAccess.bind(null, problem);
  const element = elementAccess.bind(null, problem);
  return {
    traffic: sumTraffic('exact', standardStages, [
      row({ stage: scores, buffer: 'q', kind: 'load' }, sums.queryRowsPerTile, headDim),
      row({ stage: scores, buffer: 'k', kind: 'load' }, sums.keysWalked, headDim),
      element({ stage: scores, buffer: 's', kind: 'store' }, pairs),
      element({ stage: softmax, buffer: 's', kind: 'load' }, 3 * pairs),
      element({ stage: softmax, buffer: 'p', kind: 'store' }, pairs),
      element({ stage: output, buffer: 'p', kind: 'load' }, pairs),
      row({ stage: output, buffer: 'v', kind: 'load' }, sums.keysWalked, headDimV),
      row({ stage: output, buffer: 'o', kind: 'store' }, seqLenQ, headDimV),
    ]),
    flops: forwardFlops(problem),
    tiles: tileCounts(problem, sums),
    memory: exactMemory([
      ...tensorSizes(problem),
      matrixSize(problem, 's', tiling.headsPerSlice),
      matrixSize(problem, 'p', tiling.headsPerSlice),
    ]),
  };
};
