import { expect, test } from 'vitest';
import { compareWithReference } from '../../../src/gpu/compare.ts';
import { emptyRowLse } from '../../../src/gpu/reference/softmax.ts';

const compare = (got: number[], expected: number[]) =>
  compareWithReference(Float32Array.from(got), Float64Array.from(expected));

test('equal values have no error', () => {
  expect(compare([1, -2, 0], [1, -2, 0])).toEqual({ relativeL2: 0, maxAbs: 0, nonFinite: 0 });
});

test('relative L2 is the norm of the difference over the norm of the reference', () => {
  const { relativeL2, maxAbs } = compare([3, 4.5], [3, 4]);
  expect(relativeL2).toBeCloseTo(0.1, 12);
  expect(maxAbs).toBe(0.5);
});

test('what is not finite is counted, and the rest compared', () => {
  expect(compare([Number.NaN, Number.POSITIVE_INFINITY, 2], [1, 1, 2])).toEqual({
    relativeL2: 0,
    maxAbs: 0,
    nonFinite: 2,
  });
});

test('the log-sum-exp of an empty row must be met exactly, and then weighs nothing', () => {
  expect(compare([emptyRowLse, 2], [emptyRowLse, 1]).relativeL2).toBe(1);
  expect(compare([-1000, 1], [emptyRowLse, 1]).maxAbs).toBeGreaterThan(1e38);
});

test('an all-zero reference does not hide an error', () => {
  expect(compare([0.5], [0]).relativeL2).toBe(0.5);
});
