import { normalFromWord } from './normal.ts';
import { philox4x32 } from './philox.ts';

/** Names one sequence of random numbers; element `index` of it never depends on how it is cut. */
export interface NormalStream {
  /** Whole, 0 to 2^53 - 1. */
  seed: number;
  /** Tensors of one problem have different streams. Whole, 0 to 2^32 - 1. */
  stream: number;
}

/**
 * Fills `target` with elements first, first + 1, ... of a stream of standard normal numbers, rounded to
 * f32. Element i comes from word i mod 4 of Philox block floor(i / 4), counter (block low, block high,
 * stream, 0), key (seed low, seed high), through the normal quantile.
 */
export function fillNormals(target: Float32Array, { seed, stream }: NormalStream, first = 0): void {
  const key0 = seed >>> 0;
  const key1 = Math.floor(seed / 4294967296) >>> 0;
  const words = new Uint32Array(4);
  const end = first + target.length;
  for (let block = Math.floor(first / 4); block * 4 < end; block++) {
    philox4x32(words, block >>> 0, Math.floor(block / 4294967296), stream, 0, key0, key1);
    const from = Math.max(first, block * 4);
    const to = Math.min(end, block * 4 + 4);
    for (let index = from; index < to; index++) {
      target[index - first] = normalFromWord(words[index - block * 4]!);
    }
  }
}

/** Elements `first` .. `first + count` of an input tensor. The array may be reused by the next call. */
export type InputReader = (name: string, first: number, count: number) => Float32Array;

/** Reads inputs by making them again; the last range of each tensor is kept. */
export function normalReader(streams: ReadonlyMap<string, NormalStream>): InputReader {
  const kept = new Map<string, { first: number; data: Float32Array }>();
  return (name, first, count) => {
    const stream = streams.get(name);
    if (!stream) throw new RangeError(`there is no input named ${name}`);
    const last = kept.get(name);
    if (last && last.first === first && last.data.length === count) return last.data;
    const data = last && last.data.length === count ? last.data : new Float32Array(count);
    fillNormals(data, stream, first);
    kept.set(name, { first, data });
    return data;
  };
}
