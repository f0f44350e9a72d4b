import { bandsOf, maskClasses } from '../mask.ts';
import type { Problem } from '../problem.ts';
import type { Tiling } from '../tiling.ts';
import type { TileCounts } from './cost.ts';
import { cellsOf, fullTilesOf, keysOf } from './segmentSums.ts';
import { greatestCommonDivisor, type TileSegment, tileLanes, tileSegments } from './tileSegments.ts';

/** Keys of one split: the same for all but the last, and a whole number of tiles. */
export function splitKeys(
  { seqLenKv }: Pick<Problem, 'seqLenKv'>,
  { splits, bc }: Pick<Tiling, 'splits' | 'bc'>,
) {
  return Math.ceil(Math.ceil(seqLenKv / splits) / bc) * bc;
}

/**
 * Sums over the tiles of one K/V head, over the whole batch. Rows of tiles are packed: packed row p is query
 * floor(p / group) of head p mod group, for the heads of the group.
 */
export interface PackedSums {
  /** Query rows of every tile row and split that sees any key: Q rows read. */
  queryRows: number;
  /** Keys walked: K or V rows read. */
  keysWalked: number;
  /** Pages looked up: once for each tile of keys that touches them. */
  pagesWalked: number;
  /** Pairs of a packed row and a split of which it sees any key: partial rows written, and read again. */
  partialRows: number;
  total: number;
  skipped: number;
  partial: number;
}

/**
 * `page` is the keys of a page; any number where K and V lie in order. In O(log) for each lane of rows of tiles
 * (`tileLanes`: one where br is a multiple of the group) and length of `lengths` or packed sequence.
 */
export function packedSums(problem: Problem, tiling: Tiling, page: number): PackedSums {
  const { batch: entries, heads, kvHeads, seqLenQ, seqLenKv } = problem;
  const { br, bc } = tiling;
  const group = heads / kvHeads;
  const keys = splitKeys(problem, tiling);
  const total = entries * Math.ceil((group * seqLenQ) / br) * Math.ceil(seqLenKv / bc);
  const sums = {
    queryRows: 0,
    keysWalked: 0,
    pagesWalked: 0,
    partialRows: 0,
    total,
    skipped: total,
    partial: 0,
  };
  const lanes = tileLanes(seqLenQ, br, group);
  const singleRows = tileLanes(seqLenQ, 1);
  for (const { batch, count } of maskClasses(problem)) {
    const bands = bandsOf(problem, batch);
    for (const segment of lanes.flatMap((lane) => [...tileSegments(lane, bands)])) {
      const tiles = cellsOf(segment, bc);
      sums.queryRows += count * segment.rows * cellsOf(segment, keys);
      sums.keysWalked += count * keysOf(segment);
      sums.pagesWalked += count * pagesOfTiles(segment, bc, page);
      sums.skipped -= count * tiles;
      sums.partial += count * (tiles - fullTilesOf(segment, bc));
    }
    for (const row of singleRows.flatMap((lane) => [...tileSegments(lane, bands)])) {
      sums.partialRows += count * group * cellsOf(row, keys);
    }
  }
  return sums;
}

/** Cells of the partition by tiles and pages together: each boundary of either begins one. */
function pagesOfTiles(segment: TileSegment, bc: number, page: number): number {
  const boundaries = (size: number) => cellsOf(segment, size) - segment.tiles;
  const both = (bc / greatestCommonDivisor(bc, page)) * page;
  return segment.tiles + boundaries(bc) + boundaries(page) - boundaries(both);
}

/** The same tiles counted over all K/V heads. */
export function packedTileCounts({ kvHeads }: Problem, sums: PackedSums): TileCounts {
  return {
    provenance: 'exact',
    total: sums.total * kvHeads,
    skipped: sums.skipped * kvHeads,
    partial: sums.partial * kvHeads,
  };
}
