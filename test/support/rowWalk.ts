/**
 * The sums of the cost model as walks over rows and rows of tiles: what the closed forms are held equal to.
 */
import { visibleBlocks } from '../../src/attention/blockMask.ts';
import type { ListedSums } from '../../src/attention/cost/listedSums.ts';
import type { PackedSums } from '../../src/attention/cost/packedTiles.ts';
import { splitKeys } from '../../src/attention/cost/packedTiles.ts';
import type { RingSums } from '../../src/attention/cost/ringSums.ts';
import type { TileSums } from '../../src/attention/cost/tileSums.ts';
import { maskClasses, type TileRow, visibleRange } from '../../src/attention/mask.ts';
import type { Problem } from '../../src/attention/problem.ts';
import { holds, type RingLayout, ringDevices, ringRowAt, shardOf } from '../../src/attention/ring.ts';
import type { Tiling } from '../../src/attention/tiling.ts';

/** The rows of tiles of one head, top to bottom. Tiles outside start .. end are empty. */
export function* tileRows(problem: Problem, batch: number, br: number): Generator<TileRow> {
  for (let rowStart = 0; rowStart < problem.seqLenQ; rowStart += br) {
    const rows = Math.min(br, problem.seqLenQ - rowStart);
    const first = visibleRange(problem, batch, rowStart);
    const last = visibleRange(problem, batch, rowStart + rows - 1);
    yield {
      rowStart,
      rows,
      start: Math.min(first.start, last.end),
      end: last.end,
      shared: { start: last.start, end: first.end },
    };
  }
}

export function walkedPairsOf(problem: Problem, batch: number): number {
  let pairs = 0;
  for (let row = 0; row < problem.seqLenQ; row++) {
    const { start, end } = visibleRange(problem, batch, row);
    pairs += end - start;
  }
  return pairs;
}

export function walkedTileSums(problem: Problem, br: number, bc: number): TileSums {
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
function fullTiles(sharedStart: number, sharedEnd: number, start: number, end: number, bc: number): number {
  if (sharedStart >= sharedEnd) return 0;
  // A tile that the walk enters late or leaves early counts as full where all rows see what it walks.
  const first = sharedStart <= start ? Math.floor(start / bc) : Math.ceil(sharedStart / bc);
  const last = sharedEnd >= end ? Math.ceil(end / bc) : Math.floor(sharedEnd / bc);
  return Math.max(0, last - first);
}

export function walkedPackedSums(problem: Problem, tiling: Tiling, page: number): PackedSums {
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

export function walkedListedSums(problem: Problem, br: number, bc: number): ListedSums {
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
    for (const tileRow of tileRows(problem, batch, br)) {
      const row = { ...tileRow, blocks: listedBlocks(problem, tileRow, br, bc) };
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

/** Visible pairs in one listed tile. */
function pairsInTile(
  problem: Problem,
  batch: number,
  { rowStart, rows, shared }: TileRow,
  keyStart: number,
  keyEnd: number,
): number {
  if (shared.start <= keyStart && shared.end >= keyEnd) return rows * (keyEnd - keyStart);
  let pairs = 0;
  for (let row = rowStart; row < rowStart + rows; row++) {
    const { start, end } = visibleRange(problem, batch, row);
    pairs += Math.max(0, Math.min(end, keyEnd) - Math.max(start, keyStart));
  }
  return pairs;
}

/** Sums over the tiles of one head, all steps and devices, over the whole batch. */
export function walkedRingSums(problem: Problem, layout: RingLayout, br: number, bc: number): RingSums {
  const devices = ringDevices(problem);
  const sums = { queryRowsSeeing: 0, keysWalked: 0, merged: 0, kept: 0, total: 0, skipped: 0, partial: 0 };
  for (const { batch, count } of maskClasses(problem)) {
    for (let device = 0; device < devices; device++) {
      const queries = shardOf(layout, problem.seqLenQ, devices, device);
      for (let step = 0; step < devices; step++) {
        const keys = shardOf(layout, problem.seqLenKv, devices, holds(device, step, devices));
        const last = step === devices - 1;
        for (let local = 0; local < queries.count; local += br) {
          const { rows, start, end, shared } = ringRowAt(problem, batch, queries, keys, br, local);
          const sees = start < end;
          const walked = Math.ceil(end / bc) - Math.floor(start / bc);
          sums.total += count * Math.ceil(keys.count / bc);
          sums.skipped += count * (Math.ceil(keys.count / bc) - walked);
          sums.keysWalked += count * (end - start);
          if (sees) sums.queryRowsSeeing += count * rows;
          if (step > 0 && (sees || last)) sums.merged += count * rows;
          if (!last && (sees || step === 0)) sums.kept += count * rows;
          for (let key = Math.floor(start / bc) * bc; key < end; key += bc) {
            const all = shared.start <= Math.max(start, key) && shared.end >= Math.min(end, key + bc);
            if (!all) sums.partial += count;
          }
        }
      }
    }
  }
  return sums;
}

/** Words of V and scales that the tiles of one head read, over the whole batch. */
export function walkedCodeSums(problem: Problem, br: number) {
  const sums = { keyGroups: 0, keyScales: 0, rowScales: 0 };
  for (const { batch, count } of maskClasses(problem)) {
    for (const { rows, start, end } of tileRows(problem, batch, br)) {
      if (start >= end) continue;
      const groups = Math.ceil(end / 4) - Math.floor(start / 4);
      sums.keyGroups += count * groups;
      // A scale is looked up for every four rows and every four keys.
      sums.keyScales += count * groups;
      sums.rowScales += count * Math.ceil(rows / 4);
    }
  }
  return sums;
}

/** Words of which a row sees any key, for one head over the whole batch. */
export function walkedWords(problem: Problem, keys: number): number {
  let words = 0;
  for (const { batch, count } of maskClasses(problem)) {
    for (let row = 0; row < problem.seqLenQ; row++) {
      const { start, end } = visibleRange(problem, batch, row);
      if (start < end) words += count * (Math.ceil(end / keys) - Math.floor(start / keys));
    }
  }
  return words;
}

/** Query rows of a batch entry that see any key, and keys that any query sees. */
export function walkedSeenBy(problem: Problem, batch: number): { queries: number; keys: number } {
  const sees = (row: number) => {
    const { start, end } = visibleRange(problem, batch, row);
    return start < end;
  };
  let first = 0;
  let last = problem.seqLenQ - 1;
  while (first <= last && !sees(first)) first++;
  while (last > first && !sees(last)) last--;
  if (first > last) return { queries: 0, keys: 0 };
  // Rows that see something are contiguous, and so are the keys that they see.
  return {
    queries: last - first + 1,
    keys: visibleRange(problem, batch, last).end - visibleRange(problem, batch, first).start,
  };
}

/** The blocks of a row of tiles in which any of its rows sees a key. */
function listedBlocks(problem: Problem, { rowStart, start, end }: TileRow, br: number, bc: number): number[] {
  const { blockMask, seqLenQ, seqLenKv, seed } = problem;
  if (start >= end) return [];
  const [down, across] = [Math.ceil(seqLenQ / br), Math.ceil(seqLenKv / bc)];
  const every = Array.from({ length: across }, (_, block) => block);
  const visible = blockMask ? visibleBlocks(blockMask, rowStart / br, down, across, seed) : every;
  return visible.filter((block) => block * bc < end && (block + 1) * bc > start);
}
