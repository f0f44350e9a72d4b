import { describe, expect, test } from 'vitest';
import { checkOptions } from '../../src/attention/options.ts';
import { checkShape } from '../../src/attention/shape.ts';
import { coverage, coveringRows } from '../../src/profiler/covering.ts';
import { CaseRandom } from '../../src/profiler/random.ts';
import { verifyCases, verifyFactors } from '../../src/profiler/verifyCases.ts';

describe('covering rows', () => {
  const factors = { a: ['1', '2', '3'], b: ['x', 'y'], c: ['x', 'y'], d: ['p', 'q', 'r'] };

  test.each([2, 3] as const)(
    'contain every combination of %i levels, and far fewer than all rows',
    (strength) => {
      const rows = coveringRows(factors, strength, new CaseRandom(4));
      const { combinations, covered } = coverage(factors, strength, rows);
      expect(covered).toBe(combinations);
      expect(rows.length).toBeLessThan(3 * 2 * 2 * 3);
    },
  );

  test('count combinations as they are', () => {
    const rows = [{ a: '1', b: 'x', c: 'x', d: 'p' }];
    expect(coverage(factors, 2, rows)).toEqual({ combinations: 6 + 6 + 9 + 4 + 6 + 6, covered: 6 });
  });
});

describe('the cases of verify', () => {
  test.each([1, 2, 3, 4, 5])('are valid problems that cross every two options (seed %i)', (seed) => {
    const cases = verifyCases(seed);
    const rows = cases.map(({ row }) => row);
    const { combinations, covered } = coverage(verifyFactors, 2, rows);
    expect(covered).toBe(combinations);
    for (const { problem } of cases) {
      expect(checkShape(problem)).toMatchObject({ ok: true });
      expect(checkOptions(problem)).toMatchObject({ ok: true });
    }
    expect(cases.length).toBeLessThan(40);
  });

  test('are the same for the same seed', () => {
    expect(verifyCases(7)).toEqual(verifyCases(7));
    expect(verifyCases(7)).not.toEqual(verifyCases(8));
  });
});
