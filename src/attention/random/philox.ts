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

/** High word of a 32 by 32 bit product, from four 16-bit products; a sign does not matter to the bits. */
function multiplyHigh(a: number, b: number): number {
  const lowA = a & 0xffff;
  const highA = a >>> 16;
  const lowB = b & 0xffff;
  const highB = b >>> 16;
  const cross1 = Math.imul(highA, lowB);
  const cross2 = Math.imul(lowA, highB);
  const carry = (Math.imul(lowA, lowB) >>> 16) + (cross1 & 0xffff) + (cross2 & 0xffff);
  return (Math.imul(highA, highB) + (cross1 >>> 16) + (cross2 >>> 16) + (carry >>> 16)) | 0;
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
  let a = c0 | 0;
  let b = c1 | 0;
  let c = c2 | 0;
  let d = c3 | 0;
  let key0 = k0 | 0;
  let key1 = k1 | 0;
  for (let round = 0; round < rounds; round++) {
    const high0 = multiplyHigh(multiplier0, a);
    const low0 = Math.imul(multiplier0, a);
    const high1 = multiplyHigh(multiplier1, c);
    const low1 = Math.imul(multiplier1, c);
    a = high1 ^ b ^ key0;
    b = low1;
    c = high0 ^ d ^ key1;
    d = low0;
    key0 = (key0 + weyl0) | 0;
    key1 = (key1 + weyl1) | 0;
  }
  // The array is unsigned: storing gives the words their sign back.
  out[0] = a;
  out[1] = b;
  out[2] = c;
  out[3] = d;
}
