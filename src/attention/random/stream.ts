import { normalFromWord } from './normal.ts';
import { philox4x32 } from './philox.ts';

/** Names one sequence of random numbers; element `index` of it never depends on how it is cut. */
export interface NormalStream {
  /** Whole, 0 to 2^53 - 1. */
  seed: number;
  /** Tensors of one problem have different streams. Whole, 0 to 2^32 - 1. */
  stream: number;
}

/** The two words of a Philox key that a seed makes: low, high. */
export function seedWords(seed: number): [number, number] {
  return [seed >>> 0, Math.floor(seed / 4294967296) >>> 0];
}

/**
 * Fills `target` with elements first, first + 1, ... of a stream of standard normal numbers, rounded to
 * f32. Element i comes from word i mod 4 of Philox block floor(i / 4), counter (block low, block high,
 * stream, 0), key (seed low, seed high), through the normal quantile.
 */
export function fillNormals(target: Float32Array, { seed, stream }: NormalStream, first = 0): void {
  const [key0, key1] = seedWords(seed);
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

/** Element `index` of a stream, rounded to f32. */
export function normalAt(seed: number, stream: number, index: number): number {
  const one = new Float32Array(1);
  fillNormals(one, { seed, stream }, index);
  return one[0]!;
}
