import { tileRows, visibleKeys } from '../mask.ts';
import type { Problem } from '../problem.ts';
import type { TileCounts } from './cost.ts';

/** Sums over the tiles of one head's score matrix. Exact: every sum stays below 2^53. */
export interface TileSums {
  /** Sum over rows of tiles of the keys its last row sees: K or V rows read by a kernel that walks them all. */
  keysWalked: number;
  /** Sum over non-empty tiles of their query rows: Q rows read by a kernel that loads Q for each tile. */
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
  for (const { rowStart, rows, keyEnd } of tileRows(problem, br)) {
    const walked = Math.ceil(keyEnd / bc);
    // A tile is full where its first row already sees all of its keys.
    const firstRowSees = visibleKeys(problem, rowStart);
    const full = firstRowSees === problem.seqLenKv ? tilesAcross : Math.floor(firstRowSees / bc);
    sums.keysWalked += keyEnd;
    sums.queryRowsPerTile += walked * rows;
    if (keyEnd > 0) sums.queryRowsSeeing += rows;
    sums.total += tilesAcross;
    sums.skipped += tilesAcross - walked;
    sums.partial += walked - full;
  }
  return sums;
}

/** The same tiles counted over all batches and heads. */
export function tileCounts(problem: Problem, sums: TileSums): TileCounts {
  const heads = problem.batch * problem.heads;
  return {
    provenance: 'exact',
    total: sums.total * heads,
    skipped: sums.skipped * heads,
    partial: sums.partial * heads,
  };
}
