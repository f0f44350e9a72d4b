import { expect, test } from 'vitest';
import { normalFromWord } from '../../../../src/attention/random/normal.ts';
import { fillNormals, normalAt } from '../../../../src/attention/random/stream.ts';

/** The normal distribution function, by the continued fraction and the series of the error function. */
function normalDistribution(x: number): number {
  if (x > 0) return 1 - normalDistribution(-x);
  const z = -x;
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z > 3) {
    let fraction = z;
    for (let k = 200; k >= 1; k--) fraction = z + k / fraction;
    return density / fraction;
  }
  let term = z;
  let total = z;
  for (let k = 1; k < 200; k++) {
    term *= (z * z) / (2 * k + 1);
    total += term;
  }
  return 0.5 - density * total;
}

function probability(word: number): number {
  return (word + 0.5) / 2 ** 32;
}

test('the normal quantile inverts the normal distribution in the middle and far out in both tails', () => {
  const words = [0, 1, 7, 1000, 123_456, 2 ** 24, 321_000_000, 2 ** 29, 2 ** 30, 1_500_000_000, 2 ** 31 - 1];
  for (const word of words) {
    const p = probability(word);
    // A relative error of 1e-7 in x moves p by about x^2 times as much in the tail.
    expect(Math.abs(normalDistribution(normalFromWord(word)) / p - 1), `word ${word}`).toBeLessThan(5e-6);
    expect(normalFromWord(2 ** 32 - 1 - word)).toBe(-normalFromWord(word));
  }
});

test('the quantile does not jump where its branches meet', () => {
  for (const p of [0.075, 1 - 0.075]) {
    const word = Math.round(p * 2 ** 32);
    for (let near = word - 20; near < word + 20; near++) {
      const step = normalFromWord(near) - normalFromWord(near - 1);
      expect(Math.abs(step)).toBeLessThan(3e-7);
    }
  }
});

test('a million elements have the moments and the tails of a standard normal distribution', () => {
  const values = new Float32Array(1_000_000);
  fillNormals(values, { seed: 42, stream: 1 });
  const moments = [0, 0, 0, 0];
  let beyond2 = 0;
  for (const value of values) {
    for (let power = 0; power < 4; power++) moments[power]! += value ** (power + 1) / values.length;
    if (Math.abs(value) > 2) beyond2++;
  }
  // Five standard errors of each moment's estimate; the seed is fixed, so this never flickers.
  expect(Math.abs(moments[0]!)).toBeLessThan(5 * Math.sqrt(1 / 1e6));
  expect(Math.abs(moments[1]! - 1)).toBeLessThan(5 * Math.sqrt(2 / 1e6));
  expect(Math.abs(moments[2]!)).toBeLessThan(5 * Math.sqrt(15 / 1e6));
  expect(Math.abs(moments[3]! - 3)).toBeLessThan(5 * Math.sqrt(96 / 1e6));
  expect(Math.abs(beyond2 / 1e6 - 0.0455)).toBeLessThan(5 * Math.sqrt((0.0455 * 0.9545) / 1e6));
});

test('neighbours, seeds and streams are not correlated', () => {
  const size = 200_000;
  const make = (seed: number, stream: number) => {
    const values = new Float32Array(size + 1);
    fillNormals(values, { seed, stream });
    return values;
  };
  const base = make(1, 0);
  const correlation = (other: Float32Array, shift: number) => {
    let total = 0;
    for (let index = 0; index < size; index++) total += base[index]! * other[index + shift]!;
    return Math.abs(total / size);
  };
  const bound = 5 / Math.sqrt(size);
  expect(correlation(base, 1)).toBeLessThan(bound);
  expect(correlation(make(2, 0), 0)).toBeLessThan(bound);
  expect(correlation(make(1, 1), 0)).toBeLessThan(bound);
  expect(correlation(make(1 + 2 ** 32, 0), 0)).toBeLessThan(bound);
});

test('any cut of a stream gives the same elements', () => {
  const whole = new Float32Array(103);
  fillNormals(whole, { seed: 7, stream: 3 });
  for (const [first, count] of [
    [0, 1],
    [1, 2],
    [2, 9],
    [50, 53],
    [101, 2],
  ] as const) {
    const part = new Float32Array(count);
    fillNormals(part, { seed: 7, stream: 3 }, first);
    expect([...part]).toEqual([...whole.subarray(first, first + count)]);
  }
});

test('one element is the same as in its stream', () => {
  const whole = new Float32Array(9);
  fillNormals(whole, { seed: 2 ** 40 + 3, stream: 5 });
  expect(Array.from(whole, (_, index) => normalAt(2 ** 40 + 3, 5, index))).toEqual([...whole]);
});

test('the first elements of a stream never change: published results depend on them', () => {
  const values = new Float32Array(4);
  fillNormals(values, { seed: 0, stream: 0 });
  // Quantiles of the first Philox words of key 0 and counter 0, known answers of their own.
  const words = [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8];
  expect([...values]).toEqual(words.map((word) => Math.fround(normalFromWord(word))));
  expect([...values].map((value) => value.toFixed(6))).toMatchInlineSnapshot(`
    [
      "-0.255816",
      "1.177591",
      "0.630184",
      "0.267562",
    ]
  `);
});

test('inputs are made fast enough for large tensors', () => {
  const values = new Float32Array(500_000);
  fillNormals(values, { seed: 1, stream: 0 });
  const start = performance.now();
  fillNormals(values, { seed: 1, stream: 0 });
  const nanoseconds = ((performance.now() - start) * 1e6) / values.length;
  console.log(`${nanoseconds.toFixed(1)} ns for each normal number`);
  expect(nanoseconds).toBeLessThan(1000);
});
