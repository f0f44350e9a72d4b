import { queryStage } from '../walk/queryStage.ts';
import { biasBuffer, statisticBuffer, tensorBuffer } from '../walk/regions.ts';
import type { SliceWalk, StageWalk } from '../walk/walk.ts';

/** One dispatch: Q once, K and V of the tiles that a row of tiles sees, O and the log-sum-exp at the end. */
export const flash2Walk: SliceWalk = (problem, tiling, slice, join = 1): StageWalk[] => {
  const width = tiling.bc * join;
  const parts = {
    rows: [tensorBuffer(problem, 'q', tiling.br)],
    keys: [tensorBuffer(problem, 'k', width), tensorBuffer(problem, 'v', width)],
    bias: biasBuffer(problem, { rows: tiling.br, keys: width }),
    results: [tensorBuffer(problem, 'o', tiling.br), statisticBuffer(problem, 'lse', tiling.br)],
  };
  return [queryStage(problem, tiling, slice, join, 'attention', parts)];
};
