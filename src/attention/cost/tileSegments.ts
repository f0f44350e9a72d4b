import type { Band, KeyRange } from '../mask.ts';

/** Rows of tiles at equal distances: row of tiles u takes query rows first + u step .. last + u step. */
export interface TileLane {
  first: number;
  last: number;
  step: number;
  tiles: number;
  /** Rows in each row of tiles, more than queries where the heads of a group lie side by side. */
  rows: number;
}

/**
 * The rows of tiles over `queries` query rows of `group` heads side by side (packed row p is query
 * floor(p / group)). Every group / gcd(br, group)-th begins at the same head of the group, and those are a
 * lane; so is the last row of tiles where it is short.
 */
export function tileLanes(queries: number, br: number, group = 1): TileLane[] {
  const whole = Math.floor((queries * group) / br);
  const period = group / greatestCommonDivisor(br, group);
  const lanes: TileLane[] = [];
  for (let tile = 0; tile < Math.min(period, whole); tile++) {
    lanes.push({
      first: Math.floor((tile * br) / group),
      last: Math.floor((tile * br + br - 1) / group),
      step: (br * period) / group,
      tiles: Math.ceil((whole - tile) / period),
      rows: br,
    });
  }
  const rest = queries * group - whole * br;
  const first = Math.floor((whole * br) / group);
  if (rest > 0) lanes.push({ first, last: queries - 1, step: 1, tiles: 1, rows: rest });
  return lanes;
}

export function greatestCommonDivisor(a: number, b: number): number {
  let [divisor, rest] = [a, b];
  while (rest > 0) [divisor, rest] = [rest, divisor % rest];
  return divisor;
}

/** A number that rises by `slope`, or not at all, from one row of tiles to the next. */
export interface Line {
  value: number;
  slope: number;
}

/** Rows of tiles that all see a key, over which every boundary of their keys is a line. */
export interface TileSegment {
  tiles: number;
  /** Rows in each row of tiles. */
  rows: number;
  /** Keys that any of its rows sees: before `end`, from `start` on. */
  start: Line;
  end: Line;
  /** Keys that all of its rows see: none where sharedStart >= sharedEnd. */
  sharedStart: Line;
  sharedEnd: Line;
}

/**
 * The rows of tiles of a lane that see any key, cut where a boundary begins or ceases to rise: at most a dozen
 * segments for each band that the lane meets. `bands` cover all its rows, rising. Whether a shared boundary
 * equals the outer one does not change within a segment: a line that rises lies strictly between its limits.
 */
export function* tileSegments(lane: TileLane, bands: readonly Band[]): Generator<TileSegment> {
  const { step, tiles, rows } = lane;
  let ofFirst = 0;
  let ofLast = 0;
  let next = 0;
  for (let tile = 0; tile < tiles; tile = next) {
    const first = lane.first + tile * step;
    const last = lane.last + tile * step;
    while (first >= bands[ofFirst]!.rowEnd) ofFirst++;
    while (last >= bands[ofLast]!.rowEnd) ofLast++;
    const upper = bands[ofFirst]!;
    const lower = bands[ofLast]!;
    next = Math.min(
      tiles,
      tile + Math.ceil((upper.rowEnd - first) / step),
      tile + Math.ceil((lower.rowEnd - last) / step),
    );
    const line = (raw: number, { low, high }: Band): Line => {
      if (raw >= high || low === high) return { value: high, slope: 0 };
      const limit = raw > low ? Math.ceil((high - raw) / step) : Math.floor((low - raw) / step) + 1;
      next = Math.min(next, tile + limit);
      return raw > low ? { value: raw, slope: step } : { value: low, slope: 0 };
    };
    const start = line(first + upper.startShift, upper);
    const end = line(last + lower.endShift, lower);
    const sharedStart = line(last + lower.startShift, lower);
    const sharedEnd = line(first + upper.endShift, upper);
    const seeing = whereAtLeast(1, difference(end, start), next - tile);
    if (seeing.start < seeing.end) {
      const from = (of: Line) => ({ value: of.value + seeing.start * of.slope, slope: of.slope });
      yield {
        tiles: seeing.end - seeing.start,
        rows,
        start: from(start),
        end: from(end),
        sharedStart: from(sharedStart),
        sharedEnd: from(sharedEnd),
      };
    }
  }
}

export function difference(a: Line, b: Line): Line {
  return { value: a.value - b.value, slope: a.slope - b.slope };
}

/** Which of `count` places a line reaches `least` at. */
export function whereAtLeast(least: number, { value, slope }: Line, count: number): KeyRange {
  const missing = least - value;
  if (slope > 0) {
    return { start: Math.min(count, Math.max(0, Math.ceil(missing / slope))), end: count };
  }
  if (missing > 0) return { start: 0, end: 0 };
  return { start: 0, end: slope === 0 ? count : Math.min(count, Math.floor(missing / slope) + 1) };
}
