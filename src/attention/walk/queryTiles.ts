import type { Problem } from '../problem.ts';
import { type Rectangle, type RectangleSums, rectangleSums } from './rectangle.ts';
import { batchOf, type TileAccess, type WalkStep } from './walk.ts';

/** One tile on a walk, or the neighbouring ones that are walked as one. */
export interface WalkedTile extends Rectangle, RectangleSums {
  head: number;
}

/** The accesses of a walk: before its first tile, at each tile, after the last. */
export interface WalkParts {
  /** Where nothing is seen, it is left out. */
  first?: () => TileAccess[];
  each: (tile: WalkedTile) => TileAccess[];
  /** Where nothing is seen, it is all there is. */
  last?: () => TileAccess[];
}

export interface TileRowPlace {
  head: number;
  rowStart: number;
  rowEnd: number;
  /** Keys walked at most; all of them where left out. Begins where a joined tile does. */
  keyStart?: number;
  keyEnd?: number;
}

/**
 * A workgroup that owns query rows and walks the tiles of keys that any of them sees, from left to right:
 * `bc` keys to a tile, `join` tiles to a step.
 */
export function* queryTileSteps(
  problem: Problem,
  { head, rowStart, rowEnd, keyStart = 0, keyEnd = problem.seqLenKv }: TileRowPlace,
  bc: number,
  join: number,
  { first, each, last }: WalkParts,
): Generator<WalkStep> {
  const batch = batchOf(problem, head);
  const rows = rowEnd - rowStart;
  const limits = { rowStart, rowEnd, keyStart, keyEnd };
  const seen = rectangleSums(problem, batch, limits, rows, bc);
  if (seen.tiles === 0) {
    const accesses = last?.() ?? [];
    if (accesses.length > 0) yield { tile: null, accesses };
    return;
  }
  const width = bc * join;
  const begin = Math.floor(seen.keyFrom / width) * width;
  for (let key = begin; key < seen.keyTo; key += width) {
    const part = {
      rowStart,
      rowEnd,
      keyStart: Math.max(key, keyStart),
      keyEnd: Math.min(key + width, keyEnd),
    };
    const sums = rectangleSums(problem, batch, part, rows, bc);
    const accesses = each({ head, ...part, ...sums });
    if (key === begin && first) accesses.unshift(...first());
    if (key + width >= seen.keyTo && last) accesses.push(...last());
    yield { tile: { head, ...part, state: sums.state }, accesses };
  }
}
