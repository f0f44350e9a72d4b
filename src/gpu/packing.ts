import { bf16FromF32Bits, f16FromF32Bits, f32BitsFromF16 } from '../attention/halfFloats.ts';
import type { RowLayout } from '../attention/storage.ts';

/** Words of a row: 16-bit elements lie two to a word, the even one low, and a row of odd width ends half empty. */
export function wordsOfRow({ bytes }: RowLayout): number {
  return bytes / 4;
}

/**
 * Lays whole rows out as they are stored: `values` (rows x width) to `words` (rows x words of a row),
 * 16-bit types rounded to nearest even, what pads a row zero.
 */
export function packRows(words: Uint32Array, values: Float32Array, layout: RowLayout): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const { dtype, width } = layout;
  if (dtype === 'f32') {
    words.set(bits);
    return;
  }
  const narrow = dtype === 'f16' ? f16FromF32Bits : bf16FromF32Bits;
  const stride = wordsOfRow(layout);
  for (let from = 0, word = 0; from < bits.length; from += width, word += stride) {
    for (let column = 0; column < width; column += 2) {
      const high = column + 1 < width ? narrow(bits[from + column + 1]!) : 0;
      words[word + column / 2] = (high << 16) | narrow(bits[from + column]!);
    }
  }
}

/** The values (rows x width) of whole stored rows. */
export function unpackRows(words: Uint32Array, layout: RowLayout): Float32Array {
  const { dtype, width } = layout;
  const stride = wordsOfRow(layout);
  const bits = new Uint32Array((words.length / stride) * width);
  if (dtype === 'f32') {
    bits.set(words);
  } else {
    for (let at = 0; at < bits.length; at++) {
      const column = at % width;
      const word = words[((at - column) / width) * stride + (column >>> 1)]!;
      const half = column % 2 === 0 ? word & 0xffff : word >>> 16;
      bits[at] = dtype === 'f16' ? f32BitsFromF16(half) : half << 16;
    }
  }
  return new Float32Array(bits.buffer);
}
