import { type BlockRun, blockRuns, runLength, runWithin } from '../blockRuns.ts';
import { type Band, bandsOf, clamp, clampedSum, maskClasses, type TileRow, tileRows } from '../mask.ts';
import type { Problem } from '../problem.ts';
import { SeenBlocks } from './seenBlocks.ts';
import { fullTileRange } from './segmentSums.ts';
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

/**
 * The sums for `problem.blockMask`; without one, every block is listed. Each row of tiles takes O(1) for a
 * local or strided mask, O(log keyTiles) for a butterfly, however many blocks they list; a random mask takes
 * O(keyTiles log keyTiles), since every block of the row is drawn and the least words are taken. This once for
 * each length of `lengths`. A row of tiles that sees keys which its rows do not share takes O(1) for each such
 * block of a strided mask.
 */
export function listedSums(problem: Problem, br: number, bc: number): ListedSums {
  const { batch: entries, seqLenQ, seqLenKv, blockMask, seed } = problem;
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
  const every: BlockRun[] = [{ first: 0, last: across - 1, stride: 1 }];
  const runsOf = (rowBlock: number) =>
    blockMask ? blockRuns(blockMask, rowBlock, down, across, seed) : every;
  for (const { batch, count } of maskClasses(problem)) {
    const bands = bandsOf(problem, batch);
    const seen = new SeenBlocks(across);
    let band = 0;
    for (const row of tileRows(problem, batch, br)) {
      if (row.start >= row.end) continue;
      while (row.rowStart >= bands[band]!.rowEnd) band++;
      let listed = 0;
      for (const run of runsOf(row.rowStart / br)) {
        const walked = runWithin(run, Math.floor(row.start / bc), Math.ceil(row.end / bc));
        const blocks = runLength(walked);
        if (blocks === 0) continue;
        const full = fullTileRange(row, bc);
        listed += blocks;
        seen.add(walked);
        sums.keysWalked += count * keysOfRun(walked, row, bc);
        sums.partial += count * (blocks - runLength(runWithin(walked, full.start, full.end)));
        sums.pairs +=
          count * pairsOfRun(walked, row, bc, (from, end) => pairsBetween(bands, band, row, from, end));
      }
      if (listed > 0) sums.queryRowsSeeing += count * row.rows;
      sums.queryRowsPerTile += count * row.rows * listed;
      sums.listed += count * listed;
    }
    sums.keyRowsSeen += count * seen.keys(bc, seqLenKv);
  }
  sums.skipped = sums.total - sums.listed;
  return sums;
}

/** Keys of a run of walked blocks that the row of tiles walks: of the outer blocks it may walk a part. */
function keysOfRun(run: BlockRun, { start, end }: TileRow, bc: number): number {
  const whole = runLength(run) * bc;
  return whole - Math.max(0, start - run.first * bc) - Math.max(0, (run.last + 1) * bc - end);
}

/** Visible pairs in a run of walked blocks; `between` gives those of the row of tiles from one key to before another. */
function pairsOfRun(
  run: BlockRun,
  row: TileRow,
  bc: number,
  between: (from: number, end: number) => number,
): number {
  const { first, last, stride } = run;
  if (stride === 1) return between(first * bc, (last + 1) * bc);
  const full = fullTileRange(row, bc);
  const inside = runWithin(run, full.start, full.end);
  let pairs = runLength(inside) === 0 ? 0 : row.rows * keysOfRun(inside, row, bc);
  for (let block = first; block <= last; block += stride) {
    if (block === inside.first && inside.first <= inside.last) block = inside.last;
    else pairs += between(block * bc, (block + 1) * bc);
  }
  return pairs;
}

/** Visible pairs of a row of tiles with the keys from .. end - 1; `band` is that of its first row. */
function pairsBetween(
  bands: readonly Band[],
  band: number,
  { rowStart, rows }: TileRow,
  from: number,
  end: number,
): number {
  let pairs = 0;
  for (let at = band; at < bands.length && bands[at]!.rowStart < rowStart + rows; at++) {
    const { startShift, endShift, low, high, ...of } = bands[at]!;
    const first = Math.max(rowStart, of.rowStart);
    const count = Math.min(rowStart + rows, of.rowEnd) - first;
    const [least, most] = [clamp(low, from, end), clamp(high, from, end)];
    pairs +=
      clampedSum(first + endShift, count, least, most) - clampedSum(first + startShift, count, least, most);
  }
  return pairs;
}
