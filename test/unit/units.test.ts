import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatBandwidth,
  formatBytes,
  formatCount,
  formatDuration,
  formatError,
  formatFlopRate,
  formatFlops,
  formatInteger,
  formatMs,
  formatPercent,
  formatRatio,
} from '../../src/attention/units.ts';

describe('bytes and counts', () => {
  test.each([
    [0, '0 B'],
    [-0, '0 B'],
    [1, '1 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [1_048_576, '1.05 MB'],
    [999_499, '999 kB'],
    [999_500, '1.00 MB'],
    [2_000_000n, '2.00 MB'],
    ['17179869184', '17.2 GB'],
    ['1180591620717411303424', '1.18 ZB'],
    [-1500, '-1.50 kB'],
    [null, 'unknown'],
    [undefined, 'unknown'],
    [Number.NaN, 'unknown'],
    [Number.POSITIVE_INFINITY, 'unknown'],
    ['12 bytes', 'unknown'],
    ['', 'unknown'],
  ])('formatBytes(%s) is %s', (value, shown) => {
    expect(formatBytes(value)).toBe(shown);
  });

  test('counts have the prefix alone, flops their unit', () => {
    expect(formatCount(512)).toBe('512');
    expect(formatCount(16_777_216)).toBe('16.8 M');
    expect(formatFlops(17_179_869_184n)).toBe('17.2 GFLOP');
    expect(formatFlopRate(1234)).toBe('1.23 TFLOP/s');
    expect(formatBandwidth(1560)).toBe('1.56 TB/s');
    expect(formatBandwidth(null)).toBe('unknown');
    expect(formatFlopRate(1e308)).toBe('unknown');
  });

  test('formatInteger shows every digit', () => {
    expect(formatInteger(1_048_576)).toBe('1,048,576');
    expect(formatInteger('90071992547409931')).toBe('90,071,992,547,409,931');
    expect(formatInteger(12n)).toBe('12');
    expect(formatInteger(null)).toBe('unknown');
  });

  test('any count below 1000 is shown in full, any other within half a unit of its third digit', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 32n }), (count) => {
        const shown = formatCount(count);
        if (count < 1000n) return shown === String(count);
        const [digits, prefix] = shown.split(' ');
        const power = ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y', 'R', 'Q'].indexOf(prefix ?? '');
        const read = Number(digits) * 1000 ** power;
        return power > 0 && Number(digits) < 1000 && Math.abs(read / Number(count) - 1) <= 0.00501;
      }),
    );
  });
});

describe('times', () => {
  test.each([
    [0, '0 ms'],
    [0.000_000_5, '0.500 ns'],
    [0.000_812, '812 ns'],
    [0.0042, '4.20 µs'],
    [0.9999, '1.00 ms'],
    [12.34, '12.3 ms'],
    [999.4, '999 ms'],
    [999.6, '1.00 s'],
    [1500, '1.50 s'],
    [99_940, '99.9 s'],
    [125_000, '2 min 5 s'],
    [Number.NaN, 'unknown'],
    [null, 'unknown'],
  ])('formatMs(%s) is %s', (ms, shown) => {
    expect(formatMs(ms)).toBe(shown);
  });

  test.each([
    [0, '0 s'],
    [10, 'under 1 s'],
    [42_000, '42 s'],
    [59_600, '1 min'],
    [125_000, '2 min 5 s'],
    [3_600_000, '1 h'],
    [3_599_600, '1 h'],
    [11_520_000, '3 h 12 min'],
    [86_399_000, '1 d'],
    [367_200_000, '4 d 6 h'],
    [1e16, '317 k years'],
    [Number.NEGATIVE_INFINITY, 'unknown'],
    [undefined, 'unknown'],
  ])('formatDuration(%s) is %s', (ms, shown) => {
    expect(formatDuration(ms)).toBe(shown);
  });
});

describe('ratios, percentages and errors', () => {
  test('ratios', () => {
    expect(formatRatio(16)).toBe('16.0×');
    expect(formatRatio(1n << 60n, 1n << 56n)).toBe('16.0×');
    expect(formatRatio('20000', 16)).toBe('1.25 k×');
    expect(formatRatio(999.9)).toBe('1.00 k×');
    expect(formatRatio(1, 0)).toBe('unknown');
    expect(formatRatio(null, 3)).toBe('unknown');
  });

  test('percentages', () => {
    expect(formatPercent(0.1234)).toBe('12.3%');
    expect(formatPercent(0)).toBe('0%');
    expect(formatPercent(0.000_01)).toBe('under 0.01%');
    expect(formatPercent(25)).toBe('2,500%');
    expect(formatPercent(9.9999)).toBe('1,000%');
    expect(formatPercent(Number.NaN)).toBe('unknown');
  });

  test('errors', () => {
    expect(formatError(3.1234e-7)).toBe('3.12e-7');
    expect(formatError(0)).toBe('0');
    expect(formatError(null)).toBe('unknown');
  });
});

test('no double whatever shows NaN, Infinity or undefined', () => {
  const formatters = [
    formatBandwidth,
    formatBytes,
    formatCount,
    formatDuration,
    formatError,
    formatFlopRate,
    formatFlops,
    formatInteger,
    formatMs,
    formatPercent,
    (value: number) => formatRatio(value, value),
    (value: number) => formatRatio(1, value),
  ];
  fc.assert(
    fc.property(fc.double(), (value) => {
      for (const format of formatters) expect(format(value)).not.toMatch(/NaN|Infinity|undefined|^\s*$/);
    }),
    { numRuns: 500 },
  );
});
