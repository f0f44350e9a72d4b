import { bandsOf, maskClasses } from '../mask.ts';
import type { Problem } from '../problem.ts';
import type { TileCounts } from './cost.ts';
import { segmentSums } from './segmentSums.ts';
import { tileLanes } from './tileSegments.ts';

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

/** In O(log) for each length of `lengths` or packed sequence, whatever the sequence length. */
export function tileSums(problem: Problem, br: number, bc: number): TileSums {
  const { batch: entries, seqLenQ, seqLenKv } = problem;
  const total = entries * Math.ceil(seqLenQ / br) * Math.ceil(seqLenKv / bc);
  const sums = { keysWalked: 0, queryRowsPerTile: 0, queryRowsSeeing: 0, total, skipped: total, partial: 0 };
  const lanes = tileLanes(seqLenQ, br);
  for (const { batch, count } of maskClasses(problem)) {
    const { keys, tiles, fullTiles, rowsPerTile, rowsSeeing } = segmentSums(
      lanes,
      bandsOf(problem, batch),
      bc,
    );
    sums.keysWalked += count * keys;
    sums.queryRowsPerTile += count * rowsPerTile;
    sums.queryRowsSeeing += count * rowsSeeing;
    sums.skipped -= count * tiles;
    sums.partial += count * (tiles - fullTiles);
  }
  return sums;
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
