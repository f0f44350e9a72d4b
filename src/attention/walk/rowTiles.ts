import type { Problem } from '../problem.ts';

/** Query rows of a tile of `br`. */
export function rowTileOf({ seqLenQ }: Pick<Problem, 'seqLenQ'>, br: number, tile: number) {
  const rowStart = tile * br;
  return { rowStart, rowEnd: Math.min(seqLenQ, rowStart + br) };
}
