import type { Band, KeyRange, TileRow } from '../mask.ts';
import { floorSum } from './floorSum.ts';
import {
  difference,
  type Line,
  type TileLane,
  type TileSegment,
  tileSegments,
  whereAtLeast,
} from './tileSegments.ts';

/** Sums over rows of tiles. Exact: none exceeds the pairs of the score matrix. */
export interface SegmentSums {
  /** Keys walked. */
  keys: number;
  /** Tiles that are not empty. */
  tiles: number;
  /** Of them those whose keys, as far as any row sees them, are seen by every row. */
  fullTiles: number;
  /** Rows of every tile that is not empty. */
  rowsPerTile: number;
  /** Rows of rows of tiles that see any key. */
  rowsSeeing: number;
}

/** The sums over all rows of tiles of `lanes`, in O(log) for each segment. */
export function segmentSums(lanes: readonly TileLane[], bands: readonly Band[], bc: number): SegmentSums {
  const sums = { keys: 0, tiles: 0, fullTiles: 0, rowsPerTile: 0, rowsSeeing: 0 };
  for (const lane of lanes) {
    for (const segment of tileSegments(lane, bands)) {
      const tiles = cellsOf(segment, bc);
      sums.keys += keysOf(segment);
      sums.tiles += tiles;
      sums.fullTiles += fullTilesOf(segment, bc);
      sums.rowsPerTile += segment.rows * tiles;
      sums.rowsSeeing += segment.rows * segment.tiles;
    }
  }
  return sums;
}

/** Keys that the rows of tiles walk. */
export function keysOf({ tiles, start, end }: TileSegment): number {
  const { value, slope } = difference(end, start);
  return tiles * value + ((tiles * (tiles - 1)) / 2) * slope;
}

/** Cells of a partition of the keys into `size` each that hold any key that a row of tiles walks. */
export function cellsOf({ tiles, start, end }: TileSegment, size: number): number {
  return ceilings(end, 0, tiles, size) - floors(start, 0, tiles, size);
}

/** Of the tiles of bc keys those whose keys, as far as the row of tiles walks them, all of its rows see. */
export function fullTilesOf({ tiles, start, end, sharedStart, sharedEnd }: TileSegment, bc: number): number {
  // A tile that the walk enters late or leaves early counts as full where all rows see what it walks.
  const early = sharedStart.value <= start.value;
  const late = sharedEnd.value >= end.value;
  // Fewer keys than these hold no full tile: at least one, and a whole tile where both of its ends must be in.
  const least = early || late ? 1 : bc;
  const { start: from, end: to } = whereAtLeast(least, difference(sharedEnd, sharedStart), tiles);
  if (from >= to) return 0;
  const first = early ? floors(start, from, to, bc) : ceilings(sharedStart, from, to, bc);
  const last = late ? ceilings(end, from, to, bc) : floors(sharedEnd, from, to, bc);
  return last - first;
}

/** Which tiles of a single row of tiles are full, in the same way; start >= end where none is. */
export function fullTileRange({ start, end, shared }: TileRow, bc: number): KeyRange {
  if (shared.start >= shared.end) return { start: 0, end: 0 };
  return {
    start: shared.start <= start ? Math.floor(start / bc) : Math.ceil(shared.start / bc),
    end: shared.end >= end ? Math.ceil(end / bc) : Math.floor(shared.end / bc),
  };
}

/** The sum of floor(line / divisor) over the places from .. to - 1. */
function floors({ value, slope }: Line, from: number, to: number, divisor: number): number {
  if (slope === 0) return (to - from) * Math.floor(value / divisor);
  return floorSum(to - from, divisor, slope, value + from * slope);
}

function ceilings({ value, slope }: Line, from: number, to: number, divisor: number): number {
  return floors({ value: value + divisor - 1, slope }, from, to, divisor);
}
