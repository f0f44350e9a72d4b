import { visiblePairs } from '../mask.ts';
import { tensorRows } from '../storage.ts';
import { sumTraffic } from '../traffic.ts';
import { stagedTile } from '../workgroupMemory.ts';
import { elementAccess, rowAccess } from './accesses.ts';
import type { AlgorithmPass, CostModel } from './cost.ts';
import { forwardFlops } from './flops.ts';
import { exactMemory, forwardTensors, matrixSize } from './tensors.ts';
import { tileCounts, tileSums } from './tileSums.ts';

export const standardStages = ['scores', 'softmax', 'output'] as const;

/**
 * Standard attention, FlashAttention paper (arXiv 2205.14135), Algorithm 0: S and P pass through memory.
 * Per head: scores read Q once for each tile that is not empty and K once for each row of tiles, and
 * write every visible score; the safe softmax reads each score three times (maximum, sum, division) and
 * writes each probability; output reads each probability once and V once for each row of tiles.
 */
const cost: CostModel = (problem, tiling) => {
  const sums = tileSums(problem, tiling.br, tiling.bc);
  const pairs = visiblePairs(problem);
  const [scores, softmax, output] = standardStages;
  const row = rowAccess.bind(null, problem);
  const element = elementAccess.bind(null, problem);
  const layout = (name: 'q' | 'k' | 'v' | 'o') => tensorRows(problem, name).layout;
  return {
    traffic: sumTraffic('exact', standardStages, [
      row({ stage: scores, buffer: 'q', kind: 'load' }, sums.queryRowsPerTile, layout('q')),
      row({ stage: scores, buffer: 'k', kind: 'load' }, sums.keysWalked, layout('k')),
      ...(problem.bias ? [element({ stage: scores, buffer: 'bias', kind: 'load' }, pairs)] : []),
      element({ stage: scores, buffer: 's', kind: 'store' }, pairs),
      element({ stage: softmax, buffer: 's', kind: 'load' }, 3 * pairs),
      element({ stage: softmax, buffer: 'p', kind: 'store' }, pairs),
      element({ stage: output, buffer: 'p', kind: 'load' }, pairs),
      row({ stage: output, buffer: 'v', kind: 'load' }, sums.keysWalked, layout('v')),
      row({ stage: output, buffer: 'o', kind: 'store' }, problem.batch * problem.seqLenQ, layout('o')),
    ]),
    flops: forwardFlops(problem),
    tiles: tileCounts(problem, sums),
    memory: exactMemory([
      ...forwardTensors(problem),
      matrixSize(problem, 's', tiling.headsPerSlice),
      matrixSize(problem, 'p', tiling.headsPerSlice),
    ]),
  };
};

export const standardForward: AlgorithmPass = {
  stages: standardStages,
  workgroupMemory: (_shape, { br, bc, dc }) =>
    Math.max(stagedTile(br, dc) + stagedTile(bc, dc), stagedTile(br, bc) + stagedTile(bc, dc)),
  scratchPerHead: ({ seqLenQ, seqLenKv }) => seqLenQ * seqLenKv * 4,
  cost,
};
