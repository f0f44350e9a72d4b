import { maskClasses, tileRows } from '../mask.ts';
import type { Problem } from '../problem.ts';
import type { TileCounts } from './cost.ts';

/** Sums over the tiles of one head's score matrix, over the whole batch. Exact: all stay below 2^53. */
export interface TileSums {
  /** Keys that a row of tiles walks, summed over the rows of tiles: K or V rows read by a fused kernel. */
  keysWalked: number;
  /** Query rows of every non-empty tile: Q rows read by a kernel that loads Q for each tile. */
  queryRowsPerTile: number;
  /** Query rows in rows of tiles that see any key. */
  queryRowsSeeing: number;
  total: number;
  skipped: number;
  partial: number;
}

export function tileSums(problem: Problem, br: number, bc: number): TileSums {
  const sums: TileSums = {
    keysWalked: 0,
    queryRowsPerTile: 0,
    queryRowsSeeing: 0,
    total: 0,
    skipped: 0,
    partial: 0,
  };
  const tilesAcross = Math.ceil(problem.seqLenKv / bc);
  for (const { batch, count } of maskClasses(problem)) {
    for (const { rows, start, end, shared } of tileRows(problem, batch, br)) {
      const walked = start < end ? Math.ceil(end / bc) - Math.floor(start / bc) : 0;
      sums.keysWalked += count * (end - start);
      sums.queryRowsPerTile += count * walked * rows;
      if (walked > 0) sums.queryRowsSeeing += count * rows;
      sums.total += count * tilesAcross;
      sums.skipped += count * (tilesAcross - walked);
      sums.partial += count * (walked - fullTiles(shared.start, shared.end, start, end, bc));
    }
  }
  return sums;
}

/** Walked tiles whose keys, as far as any row sees them, are seen by every row. */
export function fullTiles(
  sharedStart: number,
  sharedEnd: number,
  start: number,
  end: number,
  bc: number,
): number {
  if (sharedStart >= sharedEnd) return 0;
  // A tile that the walk enters late or leaves early counts as full where all rows see what it walks.
  const first = sharedStart <= start ? Math.floor(start / bc) : Math.ceil(sharedStart / bc);
  const last = sharedEnd >= end ? Math.ceil(end / bc) : Math.floor(sharedEnd / bc);
  return Math.max(0, last - first);
}

/** The same tiles counted over all heads. */
export function tileCounts(
  problem: Problem,
  sums: Pick<TileSums, 'total' | 'skipped' | 'partial'>,
): TileCounts {
  const { heads } = problem;
  return {
    provenance: 'exact',
    total: sums.total * heads,
    skipped: sums.skipped * heads,
    partial: sums.partial * heads,
  };
}
