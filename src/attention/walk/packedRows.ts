import { visibleRange } from '../mask.ts';
import type { Problem } from '../problem.ts';
import { groupSize } from './walk.ts';

/**
 * Rows of tiles over all query heads of a K/V head: packed row p is query floor(p / group) of head p mod group
 * of the group (kernels/flash-decoding/packed.wesl).
 */
export interface PackedTile {
  rowStart: number;
  rowEnd: number;
  /** Keys that any of its rows sees; empty where start >= end. */
  start: number;
  end: number;
  /** Keys that all of them see. */
  sharedStart: number;
  sharedEnd: number;
}

export const packedRowCount = (problem: Problem) => groupSize(problem) * problem.seqLenQ;

export function packedTile(problem: Problem, batch: number, br: number, tile: number): PackedTile {
  const group = groupSize(problem);
  const rowStart = tile * br;
  const rowEnd = Math.min(packedRowCount(problem), rowStart + br);
  const first = visibleRange(problem, batch, Math.floor(rowStart / group));
  const last = visibleRange(problem, batch, Math.floor((rowEnd - 1) / group));
  return {
    rowStart,
    rowEnd,
    start: first.start,
    end: last.end,
    sharedStart: last.start,
    sharedEnd: first.end,
  };
}

/** The packed rows of a tile that see any of a stretch of keys: they lie together. */
export function packedRowsSeeing(
  problem: Problem,
  batch: number,
  { rowStart, rowEnd }: PackedTile,
  keyStart: number,
  keyEnd: number,
): { from: number; to: number; rows: number; pairs: number } {
  const group = groupSize(problem);
  const seen = { from: rowEnd, to: rowStart, rows: 0, pairs: 0 };
  for (let row = rowStart; row < rowEnd; ) {
    const query = Math.floor(row / group);
    const next = Math.min(rowEnd, (query + 1) * group);
    const { start, end } = visibleRange(problem, batch, query);
    const keys = Math.min(end, keyEnd) - Math.max(start, keyStart);
    if (keys > 0) {
      seen.from = Math.min(seen.from, row);
      seen.to = next;
      seen.rows += next - row;
      seen.pairs += keys * (next - row);
    }
    row = next;
  }
  return seen;
}
