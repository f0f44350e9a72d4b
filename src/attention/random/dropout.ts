import { dropoutCounterTag, dropThreshold } from '../options.ts';
import { philox4x32 } from './philox.ts';
import { seedWords } from './stream.ts';

/**
 * Writes for keys first, first + 1, ... of one row of P what dropout multiplies them by: 0 where the
 * element is dropped, 1 / (1 - rate) where it is kept. `head` counts over batch x heads. The words are
 * those that `dropoutCounterTag` describes.
 */
export function dropoutFactors(
  factors: Float64Array,
  { seed, dropout }: { seed: number; dropout: number },
  head: number,
  row: number,
  first: number,
): void {
  const [key0, key1] = seedWords(seed);
  const threshold = dropThreshold(dropout);
  const kept = 1 / (1 - dropout);
  const words = new Uint32Array(4);
  let block = -1;
  for (let at = 0; at < factors.length; at++) {
    const key = first + at;
    if (Math.floor(key / 4) !== block) {
      block = Math.floor(key / 4);
      philox4x32(words, block, row, head, dropoutCounterTag, key0, key1);
    }
    factors[at] = words[key % 4]! < threshold ? 0 : kept;
  }
}
