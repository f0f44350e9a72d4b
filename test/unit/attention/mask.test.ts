import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskClasses, tileRows, visiblePairs, visibleRange } from '../../../src/attention/mask.ts';
import type { Problem } from '../../../src/attention/problem.ts';
import { plainProblem, problems } from './arbitrary.ts';

/** The mask written down from its definitions, pair by pair. */
function sees(problem: Problem, batch: number, query: number, key: number): boolean {
  const keys = problem.lengths?.[batch] ?? problem.seqLenKv;
  if (key >= keys) return false;
  if (problem.packed) {
    let start = 0;
    for (const length of problem.packed) {
      const holds = (index: number) => index >= start && index < start + length;
      if (holds(query) !== holds(key)) return false;
      start += length;
    }
  }
  const topLeft = problem.causal === 'top-left' || problem.packed !== null;
  const diagonal = topLeft ? query : query + keys - problem.seqLenQ;
  if (problem.causal && key > diagonal) return false;
  const { left = null, right = null } = problem.window ?? {};
  return (left === null || key >= diagonal - left) && (right === null || key <= diagonal + right);
}

describe('the mask', () => {
  it('shows a query exactly the keys that its definitions allow, and they are contiguous', () => {
    fc.assert(
      fc.property(problems(30), (problem) => {
        for (let batch = 0; batch < problem.batch; batch++) {
          for (let query = 0; query < problem.seqLenQ; query++) {
            const { start, end } = visibleRange(problem, batch, query);
            expect(start).toBeLessThanOrEqual(end);
            for (let key = 0; key < problem.seqLenKv; key++) {
              expect(key >= start && key < end).toBe(sees(problem, batch, query, key));
            }
          }
        }
      }),
    );
  });

  it('counts visible pairs over the batch', () => {
    fc.assert(
      fc.property(problems(), (problem) => {
        let pairs = 0;
        for (let batch = 0; batch < problem.batch; batch++) {
          for (let query = 0; query < problem.seqLenQ; query++) {
            const { start, end } = visibleRange(problem, batch, query);
            pairs += end - start;
          }
        }
        expect(visiblePairs(problem)).toBe(pairs);
        const classes = maskClasses(problem);
        expect(classes.reduce((sum, { count }) => sum + count, 0)).toBe(problem.batch);
      }),
    );
  });

  it('says of a row of tiles which keys any of its rows sees, and which all see', () => {
    fc.assert(
      fc.property(problems(60), fc.integer({ min: 1, max: 20 }), (problem, br) => {
        for (const { rowStart, rows, start, end, shared } of tileRows(problem, 0, br)) {
          const ranges = Array.from({ length: rows }, (_, r) => visibleRange(problem, 0, rowStart + r));
          const seen = new Set(
            ranges.flatMap((r) => Array.from({ length: r.end - r.start }, (_, i) => r.start + i)),
          );
          expect(seen.size).toBe(end - start);
          for (const key of seen) expect(key >= start && key < end).toBe(true);
          for (let key = 0; key < problem.seqLenKv; key++) {
            const all = ranges.every((range) => key >= range.start && key < range.end);
            expect(key >= shared.start && key < shared.end).toBe(all);
          }
        }
      }),
    );
  });

  it('cuts the query rows into tiles that meet and end with the sequence', () => {
    const problem = plainProblem({ heads: 1, seqLenQ: 10, seqLenKv: 7, headDim: 4, causal: 'bottom-right' });
    expect([...tileRows(problem, 0, 4)].map(({ rowStart, rows, end }) => [rowStart, rows, end])).toEqual([
      [0, 4, 1],
      [4, 4, 5],
      [8, 2, 7],
    ]);
  });
});
