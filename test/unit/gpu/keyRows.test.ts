import { expect, test } from 'vitest';
import { visibleRange } from '../../../src/attention/mask.ts';
import { noOptions, type Problem } from '../../../src/attention/problem.ts';
import { sampleKeyRows } from '../../../src/gpu/keyRows.ts';

const problem: Problem = {
  ...noOptions,
  batch: 2,
  heads: 8,
  kvHeads: 4,
  seqLenQ: 500,
  seqLenKv: 600,
  headDim: 64,
  headDimV: 32,
  dtype: 'f32',
  seed: 9,
};

test('few keys are all compared, and all are where all are asked for', () => {
  const small = { ...problem, batch: 1, kvHeads: 2, seqLenKv: 3 };
  expect(sampleKeyRows(small, 64, 'all')).toEqual([0, 1, 2, 3, 4, 5]);
  expect(sampleKeyRows(small, 64, 100)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(sampleKeyRows(problem, 64, 'all')).toHaveLength(2 * 4 * 600);
});

test('a sample holds ends and tile edges of every head where there is time', () => {
  const rows = sampleKeyRows(problem, 64, 256);
  expect(rows).toEqual([...new Set(rows)].sort((a, b) => a - b));
  expect(rows.length).toBeGreaterThan(200);
  expect(rows.length).toBeLessThanOrEqual(256);
  for (const head of [0, 7])
    for (const key of [0, 63, 64, 575, 576, 599]) expect(rows).toContain(head * 600 + key);
  expect(new Set(rows.map((row) => Math.floor(row / 600))).size).toBe(8);
  expect(sampleKeyRows({ ...problem, seed: 10 }, 64, 256)).not.toEqual(rows);
});

/** Multiplications of the query rows that a sample of key rows needs. */
function cost(p: Problem, rows: number[]): number {
  let pairs = 0;
  for (const kvHead of new Set(rows.map((row) => Math.floor(row / p.seqLenKv)))) {
    const keys = rows.filter((row) => Math.floor(row / p.seqLenKv) === kvHead).map((row) => row % p.seqLenKv);
    for (let row = 0; row < p.seqLenQ; row++) {
      const { start, end } = visibleRange(p, Math.floor(kvHead / p.kvHeads), row);
      if (keys.some((key) => key >= start && key < end)) pairs += end - start;
    }
  }
  return pairs * (p.heads / p.kvHeads) * (2 * p.headDim + p.headDimV);
}

test('the work stays within its limit, which takes heads, then keys, then everything', () => {
  const one = 500 * 600 * 2 * 160;
  const headsWithin = (limit: number) =>
    new Set(sampleKeyRows(problem, 64, 256, limit).map((row) => Math.floor(row / 600)));
  expect([...headsWithin(one)]).toEqual([0]);
  expect([...headsWithin(2.5 * one)]).toEqual([0, 7]);
  expect(sampleKeyRows(problem, 64, 256, one - 1)).toEqual([]);
  const windowed: Problem = { ...problem, window: { left: 20, right: 20 } };
  const causal: Problem = { ...problem, causal: 'top-left' };
  for (const limit of [one / 20, one / 5]) {
    for (const p of [windowed, causal]) {
      const rows = sampleKeyRows(p, 64, 256, limit);
      expect(rows.length).toBeGreaterThan(0);
      expect(cost(p, rows)).toBeLessThanOrEqual(limit);
    }
  }
});
