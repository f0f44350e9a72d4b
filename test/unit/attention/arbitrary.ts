import * as fc from 'fast-check';
import { noOptions, type Problem } from '../../../src/attention/problem.ts';

/** Problems of every kind that the kernels take, small enough to walk pair by pair. */
export function problems(maxLength = 90): fc.Arbitrary<Problem> {
  return fc
    .record({
      batch: fc.integer({ min: 1, max: 3 }),
      group: fc.integer({ min: 1, max: 3 }),
      kvHeads: fc.integer({ min: 1, max: 3 }),
      seqLenQ: fc.integer({ min: 1, max: maxLength }),
      seqLenKv: fc.integer({ min: 1, max: maxLength }),
      headDim: fc.integer({ min: 1, max: 256 }),
      headDimV: fc.integer({ min: 1, max: 256 }),
      causal: fc.constantFrom(false as const, 'bottom-right' as const, 'top-left' as const),
    })
    .map(({ group, ...rest }) => ({
      ...noOptions,
      ...rest,
      heads: group * rest.kvHeads,
      dtype: 'f32' as const,
      seed: 1,
    }));
}

export const tileSizes = fc.record({
  br: fc.integer({ min: 1, max: 16 }).map((n) => n * 4),
  bc: fc.integer({ min: 1, max: 16 }).map((n) => n * 4),
});
