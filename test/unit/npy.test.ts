import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { roundToDtype } from '../../src/attention/halfFloats.ts';
import { decodeNpy, encodeNpy, formatNpyShape, type NpyArray } from '../../src/host/npy.ts';

const arrays: fc.Arbitrary<NpyArray> = fc
  .record({
    dtype: fc.constantFrom('f32' as const, 'f16' as const),
    shape: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 5 }),
    seed: fc.infiniteStream(fc.float()),
  })
  .map(({ dtype, shape, seed }) => {
    const elements = shape.reduce((product, size) => product * size, 1);
    const values = Float32Array.from({ length: elements }, () => seed.next().value!);
    if (dtype === 'f16') roundToDtype(values, 'f16');
    return { dtype, shape, values };
  });

/** A file with any header text, version 1.0. */
function fileWith(header: string, data: Uint8Array = new Uint8Array(4)): Uint8Array {
  const head = [0x93, ...Buffer.from('NUMPY'), 1, 0, header.length & 0xff, header.length >>> 8];
  return Uint8Array.from([...head, ...Buffer.from(header, 'latin1'), ...data]);
}

const good = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }\n";

function errorOf(bytes: Uint8Array): string {
  const decoded = decodeNpy(bytes);
  if (decoded.ok) throw new Error('was read as an array');
  expect(decoded.error).not.toContain('\n');
  return decoded.error;
}

describe('round trip', () => {
  test('any array of either type reads back bit for bit', () => {
    fc.assert(
      fc.property(arrays, (array) => {
        const bytes = encodeNpy(array);
        const decoded = decodeNpy(bytes);
        if (!decoded.ok) throw new Error(decoded.error);
        expect(decoded.value.dtype).toBe(array.dtype);
        expect(decoded.value.shape).toEqual(array.shape);
        expect(decoded.value.values).toEqual(array.values);
        // As Node reads a file: a view into a larger pool.
        expect(decodeNpy(Buffer.from(bytes))).toEqual(decoded);
        expect(bytes.length % 64).toBe((array.values.length * (array.dtype === 'f32' ? 4 : 2)) % 64);
      }),
    );
  });

  test('what numpy 2.2 writes for arange(3, dtype=float16) and its like', () => {
    const header = "{'descr': '<f2', 'fortran_order': False, 'shape': (3,), }".padEnd(117);
    const bytes = fileWith(`${header}\n`, Uint8Array.from([0, 0, 0x00, 0x3c, 0x00, 0x40]));
    expect(decodeNpy(bytes)).toEqual({
      ok: true,
      value: { dtype: 'f16', shape: [3], values: Float32Array.from([0, 1, 2]) },
    });
    expect(encodeNpy({ dtype: 'f16', shape: [3], values: Float32Array.from([0, 1, 2]) })).toEqual(bytes);
  });

  test('version 2.0, and keys in another order', () => {
    const header = "{'shape': (1, 1), 'fortran_order': False, 'descr': '<f4'}\n";
    const one = fileWith(header, new Uint8Array(Float32Array.of(2.5).buffer));
    const two = Uint8Array.from([...one.subarray(0, 6), 2, 0, header.length, 0, 0, 0, ...one.subarray(10)]);
    for (const bytes of [one, two]) {
      expect(decodeNpy(bytes)).toEqual({
        ok: true,
        value: { dtype: 'f32', shape: [1, 1], values: Float32Array.of(2.5) },
      });
    }
  });

  test('a shape as Python writes it', () => {
    expect([[], [5], [2, 3]].map(formatNpyShape)).toEqual(['()', '(5,)', '(2, 3)']);
  });
});

describe('damaged and hostile files', () => {
  test.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(0), /not a \.npy file/],
    ['a zip', Uint8Array.from(Buffer.from('PK\u0003\u0004........')), /not a \.npy file/],
    ['magic alone', fileWith(good).subarray(0, 6), /format version/],
    ['version 3.0', fileWith(good).with(6, 3), /version 3\.0: save it with numpy\.save/],
    ['cut in the header', fileWith(good).subarray(0, 30), /cut off within its header/],
    ['a header of 4 GB', Uint8Array.from([...fileWith(good).with(6, 2)].fill(0xff, 8, 12)), /header says/],
    ['cut in the data', fileWith(good, new Uint8Array(3)), /promises 4 bytes .* \(1,\), there are 3/],
    ['more data', fileWith(good, new Uint8Array(5)), /there are 5/],
    ['double', fileWith(good.replace('<f4', '<f8')), /its type is "<f8": save it as numpy\.float32/],
    ['big-endian', fileWith(good.replace('<f4', '>f4')), /little-endian/],
    ['a record', fileWith(good.replace("'<f4'", "[('a', '<f4')]")), /none that numpy writes/],
    ['Fortran order', fileWith(good.replace('False', 'True')), /ascontiguousarray/],
    ['a key twice', fileWith(good.replace("'shape'", "'descr'")), /none that numpy writes/],
    ['a key too many', fileWith(good.replace('{', "{'x': True, ")), /none that numpy writes/],
    ['code', fileWith(good.replace('False', "__import__('os')")), /none that numpy writes/],
    ['no tuple', fileWith(good.replace('(1,)', '(1)')), /no tuple of sizes/],
    ['a huge shape', fileWith(good.replace('(1,)', '(99999999999, 99999999999)')), /no tuple of sizes/],
    ['a negative size', fileWith(good.replace('(1,)', '(-1,)')), /none that numpy writes/],
  ])('%s', (_, bytes, right) => {
    expect(errorOf(bytes)).toMatch(right);
  });

  test('cut off anywhere', () => {
    const bytes = encodeNpy({ dtype: 'f32', shape: [2, 3], values: new Float32Array(6) });
    for (let length = 0; length < bytes.length; length++) errorOf(bytes.subarray(0, length));
  });

  test('any change of one byte is read or refused', () => {
    const bytes = encodeNpy({ dtype: 'f32', shape: [2, 3], values: new Float32Array(6) });
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, byte) => {
        const decoded = decodeNpy(bytes.with(at, byte));
        if (!decoded.ok) expect(decoded.error).toMatch(/^[^\n]{10,200}$/);
      }),
      { numRuns: 1000 },
    );
  });
});
