import { segmentSums } from '../cost/segmentSums.ts';
import { type Band, bandsOf, clamp, keyCount, visibleRange } from '../mask.ts';
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

/** Rows of tiles up to which a loop is quicker than the closed form. */
const fewTiles = 4;

/**
 * Sums over the tiles of `tileRows` x `tileKeys` in a rectangle that begins where a tile does: those of
 * src/attention/cost/tileSums.ts, cut to the rectangle. A closed form where it has many rows of tiles.
 */
export function rectangleSums(
  problem: Problem,
  batch: number,
  rectangle: Rectangle,
  tileRows: number,
  tileKeys: number,
): RectangleSums {
  const { rowStart, rowEnd, keyStart, keyEnd } = rectangle;
  const many = rowEnd - rowStart > fewTiles * tileRows;
  const sums = many
    ? summed(problem, batch, rectangle, tileRows, tileKeys)
    : looped(problem, batch, rectangle, tileRows, tileKeys);
  if (sums.tiles === 0) {
    return { ...sums, keyFrom: keyEnd, keyTo: keyStart, queryFrom: rowEnd, queryTo: rowStart };
  }
  if (sharedBy(problem, batch, rowStart, rowEnd, sums.keyFrom, sums.keyTo)) sums.state = 'full';
  return sums;
}

function looped(
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
    sums.state = 'partial';
  }
  return sums;
}

function summed(
  problem: Problem,
  batch: number,
  rectangle: Rectangle,
  tileRows: number,
  tileKeys: number,
): RectangleSums {
  const { rowStart, rowEnd, keyStart, keyEnd } = rectangle;
  const whole = Math.floor((rowEnd - rowStart) / tileRows);
  const rest = rowStart + whole * tileRows;
  const lanes = [
    { first: rowStart, last: rowStart + tileRows - 1, step: tileRows, tiles: whole, rows: tileRows },
    ...(rest < rowEnd ? [{ first: rest, last: rowEnd - 1, step: 1, tiles: 1, rows: rowEnd - rest }] : []),
  ];
  const sums = segmentSums(lanes, clippedBands(problem, batch, rectangle), tileKeys);
  const count = whole + (rest < rowEnd ? 1 : 0);
  const startOf = (tile: number) => visibleRange(problem, batch, rowStart + tile * tileRows).start;
  const lastRow = (tile: number) => Math.min(rowEnd, rowStart + (tile + 1) * tileRows) - 1;
  const endOf = (tile: number) => visibleRange(problem, batch, lastRow(tile)).end;
  // Both ends never fall, and rows of tiles that see nothing are the first ones, or the last.
  const keys = Math.min(keyEnd, keyCount(problem, batch));
  const first = firstWhere(count, (tile) => endOf(tile) > keyStart);
  const end = firstWhere(count, (tile) => startOf(tile) >= keys);
  const sees = first < end && sums.tiles > 0;
  return {
    ...{ tiles: sums.tiles, keyRows: sums.keys, queryRows: sums.rowsPerTile },
    keyFrom: sees ? Math.max(keyStart, startOf(first)) : keyEnd,
    keyTo: sees ? Math.min(keyEnd, endOf(end - 1)) : keyStart,
    queryFrom: sees ? rowStart + first * tileRows : rowEnd,
    queryTo: sees ? lastRow(end - 1) + 1 : rowStart,
    state: sees ? 'partial' : 'skipped',
  };
}

/** What the rows of a batch entry see of the keys of a rectangle. */
function clippedBands(problem: Problem, batch: number, { keyStart, keyEnd }: Rectangle): Band[] {
  return bandsOf(problem, batch).map((each) => ({
    ...each,
    low: clamp(each.low, keyStart, keyEnd),
    high: clamp(each.high, keyStart, keyEnd),
  }));
}

/** The first of `count` numbers of which a condition holds that holds of all after it; `count` where of none. */
export function firstWhere(count: number, holds: (number: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
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
export function visibleElements(problem: Problem, batch: number, rectangle: Rectangle, perWord = 1): number {
  const { rowStart, rowEnd, keyStart, keyEnd } = rectangle;
  if (rowStart >= rowEnd || keyStart >= keyEnd) return 0;
  if (sharedBy(problem, batch, rowStart, rowEnd, keyStart, keyEnd)) {
    return (rowEnd - rowStart) * (Math.ceil(keyEnd / perWord) - Math.floor(keyStart / perWord));
  }
  const rows = { first: rowStart, last: rowStart, step: 1, tiles: rowEnd - rowStart, rows: 1 };
  return segmentSums([rows], clippedBands(problem, batch, rectangle), perWord).tiles;
}
