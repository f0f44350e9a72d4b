import { maskClasses, visibleRange } from '../mask.ts';
import type { Problem } from '../problem.ts';
import type { Tiling } from '../tiling.ts';
import type { TileCounts } from './cost.ts';
import { fullTiles } from './tileSums.ts';

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

/** `page` is the keys of a page; any number where K and V lie in order. */
export function packedSums(problem: Problem, tiling: Tiling, page: number): PackedSums {
  const { heads, kvHeads, seqLenQ, seqLenKv } = problem;
  const { br, bc } = tiling;
  const group = heads / kvHeads;
  const keys = splitKeys(problem, tiling);
  const sums = {
    queryRows: 0,
    keysWalked: 0,
    pagesWalked: 0,
    partialRows: 0,
    total: 0,
    skipped: 0,
    partial: 0,
  };
  for (const { batch, count } of maskClasses(problem)) {
    for (let packed = 0; packed < group * seqLenQ; packed += br) {
      const rows = Math.min(br, group * seqLenQ - packed);
      const first = visibleRange(problem, batch, Math.floor(packed / group));
      const last = visibleRange(problem, batch, Math.floor((packed + rows - 1) / group));
      const start = Math.min(first.start, last.end);
      const end = last.end;
      const walked = cells(start, end, bc);
      sums.queryRows += count * rows * cells(start, end, keys);
      sums.keysWalked += count * (end - start);
      sums.pagesWalked += count * pagesOfTiles(start, end, bc, page);
      sums.total += count * Math.ceil(seqLenKv / bc);
      sums.skipped += count * (Math.ceil(seqLenKv / bc) - walked);
      sums.partial += count * (walked - fullTiles(last.start, first.end, start, end, bc));
    }
    for (let row = 0; row < seqLenQ; row++) {
      const { start, end } = visibleRange(problem, batch, row);
      sums.partialRows += count * group * cells(start, end, keys);
    }
  }
  return sums;
}

/** Cells of a partition into `size` keys each that hold any of the keys start .. end - 1. */
function cells(start: number, end: number, size: number): number {
  return start < end ? Math.ceil(end / size) - Math.floor(start / size) : 0;
}

/** Cells of the partition by tiles and pages together: each boundary of either begins one. */
function pagesOfTiles(start: number, end: number, bc: number, page: number): number {
  if (start >= end) return 0;
  const boundaries = (size: number) => cells(start, end, size) - 1;
  return 1 + boundaries(bc) + boundaries(page) - boundaries(leastCommonMultiple(bc, page));
}

function leastCommonMultiple(a: number, b: number): number {
  let [divisor, rest] = [a, b];
  while (rest > 0) [divisor, rest] = [rest, divisor % rest];
  return (a / divisor) * b;
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
