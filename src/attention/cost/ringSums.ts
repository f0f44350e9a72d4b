import { type Band, bandsOf, clamp, maskClasses } from '../mask.ts';
import type { Problem } from '../problem.ts';
import { holds, type RingLayout, ringDevices, type Shard, shardOf } from '../ring.ts';
import { type SegmentSums, segmentSums } from './segmentSums.ts';
import { tileLanes } from './tileSegments.ts';

/** Sums over the tiles of one head, all steps and devices, over the whole batch. */
export interface RingSums {
  queryRowsSeeing: number;
  keysWalked: number;
  /** Rows whose running result is read, and rows whose running result is written. */
  merged: number;
  kept: number;
  total: number;
  skipped: number;
  partial: number;
}

/**
 * In O(log) for each pair of devices whose shards lie differently to each other, and each length of `lengths`
 * or packed sequence.
 */
export function ringSums(problem: Problem, layout: RingLayout, br: number, bc: number): RingSums {
  const devices = ringDevices(problem);
  const all = Array.from({ length: devices }, (_, device) => device);
  const queryShards = all.map((device) => shardOf(layout, problem.seqLenQ, devices, device));
  const keyShards = all.map((device) => shardOf(layout, problem.seqLenKv, devices, device));
  const sums = { queryRowsSeeing: 0, keysWalked: 0, merged: 0, kept: 0, total: 0, skipped: 0, partial: 0 };
  for (const { batch, count } of maskClasses(problem)) {
    const bands = bandsOf(problem, batch);
    const ofPair = pairSums(bands, br, bc);
    for (const [device, queries] of queryShards.entries()) {
      for (let step = 0; step < devices; step++) {
        const keys = keyShards[holds(device, step, devices)]!;
        const { keys: walked, tiles, fullTiles, rowsSeeing } = ofPair(queries, keys);
        const total = Math.ceil(queries.count / br) * Math.ceil(keys.count / bc);
        const last = step === devices - 1;
        sums.total += count * total;
        sums.skipped += count * (total - tiles);
        sums.partial += count * (tiles - fullTiles);
        sums.keysWalked += count * walked;
        sums.queryRowsSeeing += count * rowsSeeing;
        if (step > 0) sums.merged += count * (last ? queries.count : rowsSeeing);
        if (!last) sums.kept += count * (step === 0 ? queries.count : rowsSeeing);
      }
    }
  }
  return sums;
}

/** The sums of a shard of queries against one of keys, each pair of its kind summed once. */
function pairSums(bands: readonly Band[], br: number, bc: number) {
  const known = new Map<string, SegmentSums>();
  const sum = (queries: Shard, seen: readonly Band[]) => segmentSums(tileLanes(queries.count, br), seen, bc);
  return (queries: Shard, keys: Shard): SegmentSums => {
    const seen = bandsOfShards(bands, queries, keys);
    // Packed sequences leave hardly two pairs alike.
    if (bands.length > 1) return sum(queries, seen);
    const { startShift, endShift, low, high } = seen[0]!;
    const kind = [queries.count, startShift, endShift, low, high].join(' ');
    const sums = known.get(kind) ?? sum(queries, seen);
    known.set(kind, sums);
    return sums;
  };
}

/**
 * The bands with rows and keys counted within their shards, which have the same step. Shifts that reach past
 * all rows are cut down to the least that does.
 */
function bandsOfShards(bands: readonly Band[], queries: Shard, keys: Shard): Band[] {
  const { first, step, count } = queries;
  const rowWithin = (row: number) => clamp(Math.ceil((row - first) / step), 0, count);
  const keyWithin = (key: number) => clamp(Math.ceil((key - keys.first) / step), 0, keys.count);
  const seen: Band[] = [];
  for (const { rowStart, rowEnd, startShift, endShift, low, high } of bands) {
    const within = { rowStart: rowWithin(rowStart), rowEnd: rowWithin(rowEnd) };
    if (within.rowStart === within.rowEnd) continue;
    const [least, most] = [keyWithin(low), keyWithin(high)];
    const shift = (of: number) => clamp(Math.ceil((first + of - keys.first) / step), least - count, most);
    seen.push({
      ...within,
      startShift: shift(startShift),
      endShift: shift(endShift),
      low: least,
      high: most,
    });
  }
  return seen;
}
