import { expect, test } from 'vitest';
import {
  bf16FromF32Bits,
  f16FromF32Bits,
  f32BitsFromF16,
  roundToDtype,
} from '../../../src/attention/halfFloats.ts';

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);
const bitsOf = (value: number) => {
  float[0] = value;
  return word[0]!;
};
const floatOf = (bits: number) => {
  word[0] = bits;
  return float[0]!;
};

/** The value of an f16 by the formula of IEEE 754, section 3.4. */
function f16Value(half: number): number {
  const sign = half >>> 15 ? -1 : 1;
  const exponent = (half >>> 10) % 32;
  const fraction = half % 1024;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

test('every f16 has its value as f32, and comes back', () => {
  for (let half = 0; half < 65_536; half++) {
    const value = floatOf(f32BitsFromF16(half));
    if (!Object.is(value, f16Value(half))) expect(`${half}: ${value}`).toBe(`${half}: ${f16Value(half)}`);
    const back = f16FromF32Bits(f32BitsFromF16(half));
    const isNan = (half & 0x7fff) > 0x7c00;
    if (isNan ? !Number.isNaN(f16Value(back)) : back !== half) expect(back).toBe(half);
  }
});

/**
 * `narrow` against the neighbours of every finite value: the middle goes to the even one, and the f32 on
 * either side of the middle to the nearer one. `value` must give what follows the largest as well.
 */
function checkRounding(narrow: (bits: number) => number, value: (half: number) => number, infinity: number) {
  for (const sign of [0, 0x8000]) {
    for (let half = 0; half < infinity; half++) {
      const middle = bitsOf((value(half) + value(half + 1)) / 2);
      const even = half % 2 === 0 ? half : half + 1;
      const negative = sign ? 0x8000_0000 : 0;
      const got = [middle - 1, middle, middle + 1].map((bits) => narrow((bits | negative) >>> 0));
      const expected = [half, even, half + 1].map((one) => one | sign);
      if (got.join() !== expected.join()) expect(got, `after ${half}`).toEqual(expected);
    }
  }
}

test('narrowing to f16 rounds to nearest even between all neighbours, and past 65504 to infinity', () => {
  // After 65504 would come 65536: the middle goes there, which is infinity.
  checkRounding(f16FromF32Bits, (half) => (half === 0x7c00 ? 65_536 : f16Value(half)), 0x7c00);
});

test('narrowing to bf16 rounds to nearest even between all neighbours', () => {
  // The last middle is past f32's own range of halves: half a step above the largest bf16 is an f32.
  checkRounding(bf16FromF32Bits, (half) => (half === 0x7f80 ? 2 ** 128 : floatOf(half * 65_536)), 0x7f80);
});

test('infinity stays infinity and NaN stays NaN of any payload', () => {
  for (const [narrow, infinity] of [
    [f16FromF32Bits, 0x7c00],
    [bf16FromF32Bits, 0x7f80],
  ] as const) {
    expect(narrow(0x7f800000)).toBe(infinity);
    expect(narrow(0xff800000)).toBe(infinity | 0x8000);
    for (const nan of [0x7f800001, 0x7fc00000, 0x7fffffff, 0xff800001, 0xffffffff]) {
      expect(narrow(nan) & 0x7fff).toBeGreaterThan(infinity);
      expect(narrow(nan)).toBeLessThan(65_536);
    }
  }
});

test('values are rounded in place, f32 not at all', () => {
  const values = [1 / 3, -65_519, 65_520, 1e-8, 0, -0];
  const rounded = (dtype: 'f32' | 'f16' | 'bf16') => {
    const array = Float32Array.from(values);
    roundToDtype(array, dtype);
    return [...array];
  };
  expect(rounded('f32')).toEqual(values.map(Math.fround));
  expect(rounded('f16')).toEqual([0.333251953125, -65_504, Number.POSITIVE_INFINITY, 0, 0, -0]);
  expect(rounded('bf16')).toEqual([
    0.333984375,
    -65_536,
    65_536,
    floatOf(bf16FromF32Bits(bitsOf(1e-8)) << 16),
    0,
    -0,
  ]);
});
