import type { Dtype } from './problem.ts';

/**
 * The 16-bit types in bits. f16 is IEEE 754 binary16: 5 exponent bits, largest finite value 65504. bf16 is
 * the upper half of an f32. Narrowing rounds to nearest, ties to even, as the hardware does; what is past
 * the largest finite value becomes infinity.
 */

/** Bits of an f32 to bits of an f16. */
export function f16FromF32Bits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 65520 lies in the middle between 65504 and the first value that does not exist.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    const rebiased = magnitude - (112 << 23);
    return sign | ((rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13);
  }
  // Below 2^-14 in steps of 2^-24; half a step is a tie with zero, which is even.
  if (magnitude <= 0x33000000) return sign;
  const mantissa = (magnitude & 0x7fffff) | 0x800000;
  const shift = 126 - (magnitude >>> 23);
  const half = (1 << (shift - 1)) - 1;
  return sign | ((mantissa + half + ((mantissa >>> shift) & 1)) >>> shift);
}

/** Bits of an f32 to bits of a bf16. */
export function bf16FromF32Bits(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** Bits of an f16 to bits of the same value as f32; every f16 is one. */
export function f32BitsFromF16(half: number): number {
  const sign = (half & 0x8000) << 16;
  const magnitude = half & 0x7fff;
  if (magnitude >= 0x7c00) return (sign | 0x7f800000 | ((magnitude & 0x3ff) << 13)) >>> 0;
  if (magnitude >= 0x400) return (sign | ((magnitude << 13) + (112 << 23))) >>> 0;
  if (magnitude === 0) return sign >>> 0;
  // A subnormal f16 is a normal f32: its leading one becomes the implied one.
  const shift = Math.clz32(magnitude) - 8;
  return (sign | (((magnitude << shift) & 0x7fffff) + ((126 - shift) << 23))) >>> 0;
}

/** Rounds every value to `dtype`, in place. */
export function roundToDtype(values: Float32Array, dtype: Dtype): void {
  if (dtype === 'f32') return;
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let at = 0; at < bits.length; at++) {
    bits[at] =
      dtype === 'bf16' ? bf16FromF32Bits(bits[at]!) << 16 : f32BitsFromF16(f16FromF32Bits(bits[at]!));
  }
}
