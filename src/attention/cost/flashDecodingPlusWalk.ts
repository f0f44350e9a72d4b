import { rowsOf } from '../walk/regions.ts';
import type { SliceWalk, StageWalk } from '../walk/walk.ts';
import {
  type DecodingPass,
  mergeStage,
  packedBuffer,
  packedStage,
  rowBytesOf,
  splitStage,
} from './flashDecodingWalk.ts';

/** As without device numbers in the cost: no row is computed again, each is only asked for. */
export const flashDecodingPlusWalk: SliceWalk = (problem, tiling, slice, join = 1): StageWalk[] => {
  const pass: DecodingPass = { problem, tiling, slice, join };
  const recomputed = packedBuffer(pass, 'recomputed', 8);
  const results = [
    recomputed,
    packedBuffer(pass, 'o', rowBytesOf(problem, 'o')),
    packedBuffer(pass, 'lse', 4),
  ];
  return [
    splitStage(pass, 'partial_sum', false),
    mergeStage(pass, 'partial_sum', results),
    packedStage(pass, 'recompute', 1, (kvHead, _tile, { rowStart, rowEnd }) => {
      // One of a row's two words: every second one is read, as half of the stretch.
      const pair = rowsOf(recomputed, 'load', kvHead, rowStart, rowEnd);
      return [{ tile: null, accesses: [{ ...pair, to: pair.to / 2, bytes: pair.bytes / 2 }] }];
    }),
  ];
};
