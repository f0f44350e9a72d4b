import { type KeyRange, visibleRange } from './mask.ts';
import type { Problem } from './problem.ts';
import { tensorRows } from './storage.ts';
import type { Tiling } from './tiling.ts';

/**
 * How ring attention lays the sequence out over its devices. `plain`: each has a stretch of rows (Ring
 * Attention, Liu et al. 2023). `striped`: device d has rows d, d + P, d + 2 P .. (Striped Attention, Brandon
 * et al. 2023, section 3), so that under a causal mask all have the same work in every step.
 */
export type RingLayout = 'plain' | 'striped';

const usualDevices = 4;

/** Each device has a buffer of its own, and a plan has room for 256 buffers. */
export const mostRingDevices = 240;

/** Devices in the ring: as asked for, else four, or as many as there are rows for. */
export function ringDevices({ ringDevices: asked, seqLenQ, seqLenKv }: Problem): number {
  return asked ?? Math.min(usualDevices, seqLenQ, seqLenKv);
}

/** Rows first, first + step, .. of a sequence, `count` of them. */
export interface Shard {
  first: number;
  step: number;
  count: number;
}

/** What one of `devices` has of a sequence of `length` rows. */
export function shardOf(layout: RingLayout, length: number, devices: number, device: number): Shard {
  if (layout === 'striped') {
    return { first: device, step: devices, count: Math.ceil((length - device) / devices) };
  }
  const first = Math.floor((device * length) / devices);
  return { first, step: 1, count: Math.floor(((device + 1) * length) / devices) - first };
}

/** The device whose keys `device` holds in a step: each step they move on to the next device. */
export function holds(device: number, step: number, devices: number): number {
  return (device - step + devices) % devices;
}

/** Rows of tiles of one device against the keys of another; keys are counted within their shard. */
export interface RingRow extends KeyRange {
  rows: number;
  /** Keys that all of its rows see; empty where start >= end. */
  shared: KeyRange;
}

/**
 * The row of tiles of `queries` that begins at row `local` of the shard, against the shard `keys`. The keys
 * walked begin with the first that the first row sees and end with the last that the last row sees; between
 * rows that lie apart, as stripes do, a narrow window may leave out keys that are walked all the same.
 */
export function ringRowAt(
  problem: Problem,
  batch: number,
  queries: Shard,
  keys: Shard,
  br: number,
  local: number,
): RingRow {
  const rows = Math.min(br, queries.count - local);
  const first = shardRange(problem, batch, queries, keys, local);
  const last = shardRange(problem, batch, queries, keys, local + rows - 1);
  const empty = first.start >= last.end;
  return {
    rows,
    start: empty ? 0 : first.start,
    end: empty ? 0 : last.end,
    shared: { start: last.start, end: first.end },
  };
}

/** Keys of a shard that row `local` of a shard of queries sees. */
export function shardRange(
  problem: Problem,
  batch: number,
  queries: Shard,
  keys: Shard,
  local: number,
): KeyRange {
  const within = (key: number) =>
    Math.min(keys.count, Math.max(0, Math.ceil((key - keys.first) / keys.step)));
  const { start, end } = visibleRange(problem, batch, queries.first + local * queries.step);
  return { start: within(start), end: within(end) };
}

/** Parts of a device's buffer begin where any WebGPU device can bind. */
export const alignment = 256;

/** Where a device keeps what it receives, in bytes: two places for K and V, by turns. */
export interface RingBuffer {
  k: [number, number];
  v: [number, number];
  bytes: number;
}

/**
 * The buffer of each device: it has room for the K and V shards of a slice of heads twice, once where only one
 * shard is ever received. Bytes are 0 for a single device, which receives nothing.
 */
export function ringBuffer(problem: Problem, { headsPerSlice }: Pick<Tiling, 'headsPerSlice'>): RingBuffer {
  const devices = ringDevices(problem);
  const group = problem.heads / problem.kvHeads;
  const rows = Math.ceil(Math.max(1, headsPerSlice) / group) * Math.ceil(problem.seqLenKv / devices);
  const part = (name: 'k' | 'v') =>
    Math.ceil((rows * tensorRows(problem, name).layout.bytes) / alignment) * alignment;
  const both = part('k') + part('v');
  const turns = Math.min(2, devices - 1);
  return { k: [0, both], v: [part('k'), both + part('k')], bytes: turns * both };
}
