/**
 * Philox4x32-10: Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011),
 * section 3.3. A counter and a key give four random 32-bit words, with no state: any element of a tensor
 * can be made alone, on any machine, in any order.
 */
const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
const weyl0 = 0x9e3779b9;
const weyl1 = 0xbb67ae85;
const rounds = 10;

/** High word of a 32 by 32 bit product. Every intermediate stays below 2^53, so doubles hold it exactly. */
function multiplyHigh(a: number, b: number): number {
  const low = a * (b & 0xffff);
  const high = a * (b >>> 16);
  return Math.floor((high + Math.floor(low / 65536)) / 65536);
}

/** Writes four words for the counter (c0, c1, c2, c3) and the key (k0, k1), all unsigned 32-bit. */
export function philox4x32(
  out: Uint32Array,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void {
  let a = c0 >>> 0;
  let b = c1 >>> 0;
  let c = c2 >>> 0;
  let d = c3 >>> 0;
  let key0 = k0 >>> 0;
  let key1 = k1 >>> 0;
  for (let round = 0; round < rounds; round++) {
    const high0 = multiplyHigh(multiplier0, a);
    const low0 = Math.imul(multiplier0, a) >>> 0;
    const high1 = multiplyHigh(multiplier1, c);
    const low1 = Math.imul(multiplier1, c) >>> 0;
    a = (high1 ^ b ^ key0) >>> 0;
    b = low1;
    c = (high0 ^ d ^ key1) >>> 0;
    d = low0;
    key0 = (key0 + weyl0) >>> 0;
    key1 = (key1 + weyl1) >>> 0;
  }
  out[0] = a;
  out[1] = b;
  out[2] = c;
  out[3] = d;
}
