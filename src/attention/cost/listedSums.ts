import { listedRows, pairsInTile } from '../blockList.ts';
import { maskClasses } from '../mask.ts';
import type { Problem } from '../problem.ts';
import type { TileSums } from './tileSums.ts';

/** Sums over the listed tiles of one head, over the whole batch. */
export interface ListedSums extends TileSums {
  /** Tiles that are computed. */
  listed: number;
  rowTiles: number;
  keyTiles: number;
  /** Keys in key blocks that any row of tiles lists. */
  keyRowsSeen: number;
  /** Visible pairs in listed tiles. */
  pairs: number;
}

export function listedSums(problem: Problem, br: number, bc: number): ListedSums {
  const { batch: entries, seqLenQ, seqLenKv } = problem;
  const across = Math.ceil(seqLenKv / bc);
  const down = Math.ceil(seqLenQ / br);
  const sums: ListedSums = {
    keysWalked: 0,
    queryRowsPerTile: 0,
    queryRowsSeeing: 0,
    total: entries * across * down,
    skipped: 0,
    partial: 0,
    listed: 0,
    rowTiles: entries * down,
    keyTiles: entries * across,
    keyRowsSeen: 0,
    pairs: 0,
  };
  for (const { batch, count } of maskClasses(problem)) {
    const seen = new Set<number>();
    for (const row of listedRows(problem, batch, { br, bc })) {
      if (row.blocks.length > 0) sums.queryRowsSeeing += count * row.rows;
      sums.queryRowsPerTile += count * row.rows * row.blocks.length;
      sums.listed += count * row.blocks.length;
      for (const block of row.blocks) {
        seen.add(block);
        const start = Math.max(row.start, block * bc);
        const end = Math.min(row.end, (block + 1) * bc);
        const pairs = pairsInTile(problem, batch, row, start, end);
        sums.keysWalked += count * (end - start);
        sums.pairs += count * pairs;
        if (pairs < row.rows * (end - start)) sums.partial += count;
      }
    }
    for (const block of seen) sums.keyRowsSeen += count * Math.min(bc, seqLenKv - block * bc);
  }
  sums.skipped = sums.total - sums.listed;
  return sums;
}
