import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rowLayout } from '../../../src/attention/storage.ts';
import { packRows, unpackRows, wordsOfRow } from '../../../src/gpu/packing.ts';

test('16-bit elements lie two to a word, the even one low, and odd rows end with a zero half', () => {
  const layout = rowLayout('f16', 3);
  const words = new Uint32Array(2 * wordsOfRow(layout)).fill(0xffffffff);
  packRows(words, Float32Array.of(1, 2, 3, -1, -2, -3), layout);
  expect([...words]).toEqual([0x40003c00, 0x00004200, 0xc000bc00, 0x0000c200]);
});

test('rows of any type and width come back as they were laid out', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('f32' as const, 'f16' as const, 'bf16' as const),
      fc.integer({ min: 1, max: 13 }),
      fc.integer({ min: 1, max: 6 }),
      (dtype, width, rows) => {
        const layout = rowLayout(dtype, width);
        // Small whole numbers are values of all three types.
        const values = Float32Array.from({ length: rows * width }, (_, index) => (index % 200) - 100);
        const words = new Uint32Array(rows * wordsOfRow(layout));
        packRows(words, values, layout);
        expect(words.byteLength).toBe(rows * layout.bytes);
        expect(unpackRows(words, layout)).toEqual(values);
      },
    ),
  );
});
