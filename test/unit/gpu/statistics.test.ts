import fc from 'fast-check';
import { expect, test } from 'vitest';
import { median, quantile, quartiles } from '../../../src/gpu/statistics.ts';

test('quartiles are those of NumPy and R (type 7)', () => {
  expect(quartiles([1, 2, 3, 4])).toEqual({ p25: 1.75, median: 2.5, p75: 3.25 });
  expect(quartiles([7, 15, 36, 39, 40, 41])).toEqual({ p25: 20.25, median: 37.5, p75: 39.75 });
  expect(quartiles([5])).toEqual({ p25: 5, median: 5, p75: 5 });
});

test('a quantile of nothing is an error, not a number', () => {
  expect(() => median([])).toThrow(RangeError);
});

test('order does not matter, quantiles rise, and the ends are the extremes', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1 }), (values) => {
      const { p25, median: middle, p75 } = quartiles(values.toReversed());
      const again = quartiles(values);
      // By ===, to which 0 and -0 are one value, as they are to sorting.
      expect(again.p25 === p25 && again.median === middle && again.p75 === p75).toBe(true);
      expect(p25 <= middle && middle <= p75).toBe(true);
      expect(quantile(values, 0) === Math.min(...values)).toBe(true);
      expect(quantile(values, 1) === Math.max(...values)).toBe(true);
    }),
  );
});
