import type { Problem } from './problem.ts';

export type MaskedShape = Pick<
  Problem,
  'batch' | 'seqLenQ' | 'seqLenKv' | 'causal' | 'window' | 'lengths' | 'packed'
>;

/** Keys `start` .. `end` - 1. Every mask here leaves a contiguous range; an empty one has start = end. */
export interface KeyRange {
  start: number;
  end: number;
}

/** Keys of a batch entry that are not padding. */
export function keyCount(problem: MaskedShape, batch: number): number {
  return problem.lengths?.[batch] ?? problem.seqLenKv;
}

/**
 * Query `row` has its diagonal at key row + offset. `top-left`: 0. `bottom-right`, and windows without a
 * causal mask (as in flash-attn): the last query's diagonal is the last key of the batch entry.
 */
export function diagonalOffset(problem: MaskedShape, batch: number): number {
  if (problem.causal === 'top-left' || problem.packed) return 0;
  return keyCount(problem, batch) - problem.seqLenQ;
}

/** How far a query sees on either side of its diagonal; null is no limit. */
export function band({ causal, window }: MaskedShape): { left: number | null; right: number | null } {
  return { left: window?.left ?? null, right: causal ? 0 : (window?.right ?? null) };
}

/** The keys that query `row` of a batch entry sees. Both ends never fall from one row to the next. */
export function visibleRange(problem: MaskedShape, batch: number, row: number): KeyRange {
  let start = 0;
  let end = keyCount(problem, batch);
  if (problem.packed) {
    for (const length of problem.packed) {
      end = start + length;
      if (row < end) break;
      start = end;
    }
  }
  const { left, right } = band(problem);
  const diagonal = row + diagonalOffset(problem, batch);
  if (left !== null) start = Math.max(start, diagonal - left);
  if (right !== null) end = Math.min(end, diagonal + right + 1);
  end = Math.max(0, end);
  return { start: Math.min(start, end), end };
}

/** Batch entries that differ in their masks: one for all unless they have lengths of their own. */
export function maskClasses(problem: MaskedShape): { batch: number; count: number }[] {
  if (!problem.lengths) return [{ batch: 0, count: problem.batch }];
  const classes = new Map<number, { batch: number; count: number }>();
  for (const [batch, length] of problem.lengths.entries()) {
    const known = classes.get(length);
    if (known) known.count++;
    else classes.set(length, { batch, count: 1 });
  }
  return [...classes.values()];
}

/** Visible query-key pairs of one head, summed over the batch. Exact below 2^53. */
export function visiblePairs(problem: MaskedShape): number {
  let pairs = 0;
  for (const { batch, count } of maskClasses(problem)) pairs += count * visiblePairsOf(problem, batch);
  return pairs;
}

/** Visible query-key pairs of one head of one batch entry; O(1) for each packed sequence. */
export function visiblePairsOf(problem: MaskedShape, batch: number): number {
  let pairs = 0;
  for (const { rowStart, rowEnd, startShift, endShift, low, high } of bandsOf(problem, batch)) {
    const rows = rowEnd - rowStart;
    pairs += clampedSum(rowStart + endShift, rows, low, high);
    pairs -= clampedSum(rowStart + startShift, rows, low, high);
  }
  return pairs;
}

/** The sum of first, first + 1, .. over `count` numbers, each held between `low` and `high`. */
export function clampedSum(first: number, count: number, low: number, high: number): number {
  const below = clamp(low - first, 0, count);
  const rising = clamp(high - first, 0, count) - below;
  const above = count - below - rising;
  // Where nothing rises, `first` may be infinite.
  const middle = rising > 0 ? rising * (first + below) + (rising * (rising - 1)) / 2 : 0;
  return below * low + middle + above * high;
}

/** `value` held between `low` and `high`. */
export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

/**
 * Query rows rowStart .. rowEnd - 1, of which row r sees the keys from r + startShift to before r + endShift,
 * both held between `low` and `high`. Shifts are infinite where there is no limit.
 */
export interface Band {
  rowStart: number;
  rowEnd: number;
  startShift: number;
  endShift: number;
  low: number;
  high: number;
}

/** `visibleRange` of all rows of a batch entry as clamped lines: one, or one for each packed sequence. */
export function bandsOf(problem: MaskedShape, batch: number): Band[] {
  const { left, right } = band(problem);
  const diagonal = diagonalOffset(problem, batch);
  const startShift = left === null ? -Infinity : diagonal - left;
  const endShift = right === null ? Infinity : diagonal + right + 1;
  if (!problem.packed) {
    const [rowEnd, high] = [problem.seqLenQ, keyCount(problem, batch)];
    return [{ rowStart: 0, rowEnd, startShift, endShift, low: 0, high }];
  }
  let low = 0;
  return problem.packed.map((length) => {
    const high = low + length;
    const sequence = { rowStart: low, rowEnd: high, startShift, endShift, low, high };
    low = high;
    return sequence;
  });
}

/** One row of tiles: query rows `rowStart` .. `rowStart + rows`, and the keys that any of them sees. */
export interface TileRow extends KeyRange {
  rowStart: number;
  rows: number;
  /** Keys that all of its rows see; empty where start >= end. */
  shared: KeyRange;
}

/** The rows of tiles of one head, top to bottom. Tiles outside start .. end are empty. */
export function* tileRows(problem: MaskedShape, batch: number, br: number): Generator<TileRow> {
  const bands = bandsOf(problem, batch);
  let at = 0;
  const range = (row: number): KeyRange => {
    while (row >= bands[at]!.rowEnd) at++;
    const { startShift, endShift, low, high } = bands[at]!;
    return { start: clamp(row + startShift, low, high), end: clamp(row + endShift, low, high) };
  };
  for (let rowStart = 0; rowStart < problem.seqLenQ; rowStart += br) {
    const rows = Math.min(br, problem.seqLenQ - rowStart);
    const first = range(rowStart);
    const last = range(rowStart + rows - 1);
    yield {
      rowStart,
      rows,
      start: first.start,
      end: last.end,
      shared: { start: last.start, end: first.end },
    };
  }
}
