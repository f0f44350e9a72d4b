import { expect, test } from 'vitest';
import { noOptions, type Problem } from '../../../src/attention/problem.ts';
import { sampleRows } from '../../../src/gpu/rows.ts';

const problem: Problem = {
  batch: 2,
  heads: 8,
  kvHeads: 8,
  seqLenQ: 1000,
  seqLenKv: 1000,
  headDim: 64,
  headDimV: 64,
  ...noOptions,
  dtype: 'f32',
  seed: 9,
};

test('few rows are all compared', () => {
  const small = { ...problem, batch: 1, heads: 2, kvHeads: 2, seqLenQ: 3 };
  expect(sampleRows(small, 64, 'all')).toEqual([0, 1, 2, 3, 4, 5]);
  expect(sampleRows(small, 64, 6)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(sampleRows(small, 64, 1000)).toEqual([0, 1, 2, 3, 4, 5]);
});

test('a sample holds ends and tile edges, and reaches every head and every tenth of the sequence', () => {
  const rows = sampleRows(problem, 64, 256);
  expect(rows.length).toBeGreaterThan(240);
  expect(rows.length).toBeLessThanOrEqual(256);
  expect(rows).toEqual([...new Set(rows)].sort((a, b) => a - b));
  expect(rows.at(-1)).toBe(15_999);
  for (const row of [0, 63, 64, 959, 960, 999]) expect(rows).toContain(row);
  expect(new Set(rows.map((row) => Math.floor(row / 1000))).size).toBe(16);
  expect(new Set(rows.map((row) => Math.floor((row % 1000) / 100))).size).toBe(10);
});

test('the seed decides the sample', () => {
  expect(sampleRows(problem, 64, 100)).toEqual(sampleRows(problem, 64, 100));
  expect(sampleRows(problem, 64, 100)).not.toEqual(sampleRows({ ...problem, seed: 10 }, 64, 100));
});

test('one row is a sample too, and no row leaves the problem', () => {
  expect(sampleRows(problem, 64, 1)).toEqual([0]);
  for (const br of [1, 3, 64, 5000]) {
    for (const row of sampleRows({ ...problem, seqLenQ: 5 }, br, 40)) {
      expect(row).toBeGreaterThanOrEqual(0);
      expect(row).toBeLessThan(80);
    }
  }
});
