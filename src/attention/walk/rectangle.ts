import { visibleRange } from '../mask.ts';
import type { Problem } from '../problem.ts';

/** Query rows and keys of one head's score matrix, ends excluded. */
export interface Rectangle {
  rowStart: number;
  rowEnd: number;
  keyStart: number;
  keyEnd: number;
}

/** What the tiles inside a rectangle see of it. */
export interface RectangleSums {
  /** Tiles in which any row sees a key. */
  tiles: number;
  /** Keys that each row of tiles walks, summed over the rows of tiles, and the stretch in which they lie. */
  keyRows: number;
  keyFrom: number;
  keyTo: number;
  /** Query rows of each tile that is not empty, summed over these tiles, and the stretch of the rows. */
  queryRows: number;
  queryFrom: number;
  queryTo: number;
  state: 'full' | 'partial' | 'skipped';
}

/**
 * Sums over the tiles of `tileRows` x `tileKeys` in a rectangle that begins where a tile does; the walk of
 * src/attention/cost/tileSums.ts, cut to the rectangle.
 */
export function rectangleSums(
  problem: Problem,
  batch: number,
  { rowStart, rowEnd, keyStart, keyEnd }: Rectangle,
  tileRows: number,
  tileKeys: number,
): RectangleSums {
  const sums: RectangleSums = {
    ...{ tiles: 0, keyRows: 0, keyFrom: keyEnd, keyTo: keyStart },
    ...{ queryRows: 0, queryFrom: rowEnd, queryTo: rowStart, state: 'skipped' },
  };
  for (let row = rowStart; row < rowEnd; row += tileRows) {
    const rows = Math.min(tileRows, rowEnd - row);
    const from = Math.max(visibleRange(problem, batch, row).start, keyStart);
    const to = Math.min(visibleRange(problem, batch, row + rows - 1).end, keyEnd);
    if (from >= to) continue;
    const tiles = Math.ceil(to / tileKeys) - Math.floor(from / tileKeys);
    sums.tiles += tiles;
    sums.keyRows += to - from;
    sums.keyFrom = Math.min(sums.keyFrom, from);
    sums.keyTo = Math.max(sums.keyTo, to);
    sums.queryRows += tiles * rows;
    sums.queryFrom = Math.min(sums.queryFrom, row);
    sums.queryTo = row + rows;
  }
  if (sums.tiles > 0) {
    const all = sharedBy(problem, batch, rowStart, rowEnd, sums.keyFrom, sums.keyTo);
    sums.state = all ? 'full' : 'partial';
  }
  return sums;
}

/** Whether every row sees every key of a stretch. */
function sharedBy(
  problem: Problem,
  batch: number,
  rowStart: number,
  rowEnd: number,
  keyFrom: number,
  keyTo: number,
): boolean {
  return (
    visibleRange(problem, batch, rowEnd - 1).start <= keyFrom &&
    visibleRange(problem, batch, rowStart).end >= keyTo
  );
}

/** Visible elements of a rectangle of an N x M matrix, `perWord` keys to an element. */
export function visibleElements(
  problem: Problem,
  batch: number,
  { rowStart, rowEnd, keyStart, keyEnd }: Rectangle,
  perWord = 1,
): number {
  if (rowStart >= rowEnd || keyStart >= keyEnd) return 0;
  const words = (from: number, to: number) =>
    from < to ? Math.ceil(to / perWord) - Math.floor(from / perWord) : 0;
  if (sharedBy(problem, batch, rowStart, rowEnd, keyStart, keyEnd)) {
    return (rowEnd - rowStart) * words(keyStart, keyEnd);
  }
  let elements = 0;
  for (let row = rowStart; row < rowEnd; row++) {
    const { start, end } = visibleRange(problem, batch, row);
    elements += words(Math.max(start, keyStart), Math.min(end, keyEnd));
  }
  return elements;
}
