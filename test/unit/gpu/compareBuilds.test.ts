import { expect, test } from 'vitest';
import type { Dtype } from '../../../src/attention/problem.ts';
import { rowLayout } from '../../../src/attention/storage.ts';
import { compareBuilds } from '../../../src/gpu/compareBuilds.ts';
import type { Execution } from '../../../src/gpu/execution.ts';
import type { OutputScan } from '../../../src/gpu/outputs.ts';

/** What a scan of these values would be; equal digests are equal values here. */
function scanOf(values: number[], dtype: Dtype): OutputScan {
  const nonFinite = values.filter((value) => !Number.isFinite(value)).length;
  const bits = new Uint32Array(Float32Array.from(values).buffer);
  const hash = bits.reduce((sum, word) => Math.imul(sum, 31) + word, 0);
  return {
    layout: rowLayout(dtype, values.length),
    elements: values.length,
    nonFinite,
    unwritten: 0,
    firstNonFinite: -1,
    sampled: Float32Array.from(values),
    digests: Uint32Array.of(hash, 0),
  };
}

function compare(isSoftware: boolean, dtype: Dtype, plain: number[], counting: number[]): string | null {
  const one = new Map([['o', scanOf(plain, dtype)]]);
  const other = new Map([['o', scanOf(counting, dtype)]]);
  // The device is all that is asked of the execution here.
  return compareBuilds(one, other, { isSoftware } as Execution);
}

test('a software adapter gives the same bits in both builds', () => {
  expect(compare(true, 'f32', [1, 2, 3], [1, 2, 3])).toBeNull();
  expect(compare(true, 'f32', [1, 2, 3], [1, 2, 3 + 2 ** -21])).toContain(
    'output o, first in elements 0 to 2',
  );
});

test('on hardware the builds may differ by a rounding of their type', () => {
  const off = (dtype: Dtype, step: number) => compare(false, dtype, [1, 2, 3], [1, 2, 3 + step]);
  expect(off('f32', 2 ** -22)).toBeNull();
  expect(off('f32', 2 ** -10)).not.toBeNull();
  expect(off('f16', 2 ** -9)).toBeNull();
  expect(off('f16', 2 ** -6)).not.toBeNull();
  expect(off('bf16', 2 ** -6)).toBeNull();
  expect(off('bf16', 2 ** -3)).not.toBeNull();
});

test('infinities of an algorithm that may overflow do not hide a difference, nor make one', () => {
  const infinity = Number.POSITIVE_INFINITY;
  expect(compare(false, 'f16', [1, infinity, 3], [1 + 2 ** -11, infinity, 3])).toBeNull();
  expect(compare(false, 'f16', [1, infinity, 3], [1.5, infinity, 3])).not.toBeNull();
  expect(compare(false, 'f16', [1, 2, 3], [1, infinity, 3])).not.toBeNull();
});
