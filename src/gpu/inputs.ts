import { roundToDtype } from '../attention/halfFloats.ts';
import { streams } from '../attention/options.ts';
import type { Dtype } from '../attention/problem.ts';
import { fillNormals, type NormalStream } from '../attention/random/stream.ts';
import type { Plan } from '../plans/plan.ts';

/**
 * Elements `first` .. `first + count` of an input tensor, rows without padding. The array may be reused by
 * the next call for the same tensor.
 */
export type InputReader = (name: string, first: number, count: number) => Float32Array | Float64Array;

/** A stream as it is stored: its numbers are rounded to `dtype`. */
export interface StoredStream extends NormalStream {
  dtype: Dtype;
}

/** Reads inputs by making them again; the last range of each tensor is kept. */
export function normalReader(stored: ReadonlyMap<string, StoredStream>): InputReader {
  const kept = new Map<string, { first: number; data: Float32Array }>();
  return (name, first, count) => {
    const stream = stored.get(name);
    if (!stream) throw new RangeError(`there is no input named ${name}`);
    const last = kept.get(name);
    if (last && last.first === first && last.data.length === count) return last.data;
    const data = last && last.data.length === count ? last.data : new Float32Array(count);
    fillNormals(data, stream, first);
    roundToDtype(data, stream.dtype);
    kept.set(name, { first, data });
    return data;
  };
}

/**
 * The inputs of a plan by their names in `streams`, stored as its buffers store them: a buffer is known by
 * its stream. Sinks lie in a table of words and are drawn again. What was given instead is rounded alike.
 */
export function planReader(
  { buffers, problem }: Plan,
  given?: ReadonlyMap<string, Float32Array>,
): InputReader {
  const stored = new Map<string, StoredStream>([
    ['sinks', { seed: problem.seed, stream: streams.sinks, dtype: 'f32' }],
  ]);
  for (const { fill, elements } of buffers) {
    if (fill.kind !== 'normal') continue;
    const { seed, stream } = fill;
    const name = Object.entries(streams).find(([, number]) => number === stream)?.[0];
    if (name) stored.set(name, { seed, stream, dtype: elements.dtype });
  }
  const drawn = normalReader(stored);
  if (!given || given.size === 0) return drawn;
  const rounded = new Map<string, Float32Array>();
  for (const { name, elements } of buffers) {
    const values = given.get(name)?.slice();
    if (!values) continue;
    roundToDtype(values, elements.dtype);
    rounded.set(name, values);
  }
  return (name, first, count) =>
    rounded.get(name)?.subarray(first, first + count) ?? drawn(name, first, count);
}
