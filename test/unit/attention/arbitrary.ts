import * as fc from 'fast-check';
import { noOptions, type Problem } from '../../../src/attention/problem.ts';

/** A problem without options. */
export function plainProblem(
  sizes: Partial<Problem> & Pick<Problem, 'heads' | 'seqLenQ' | 'headDim'>,
): Problem {
  const { heads, seqLenQ, headDim } = sizes;
  return {
    ...{ batch: 1, heads, kvHeads: heads, seqLenQ, seqLenKv: seqLenQ, headDim, headDimV: headDim },
    ...noOptions,
    ...{ dtype: 'f32', seed: 1 },
    ...sizes,
  };
}

const limit = fc.option(fc.integer({ min: 0, max: 30 }), { nil: null });

/** Problems of every kind that the kernels take, options crossed, small enough to walk pair by pair. */
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
      dtype: fc.constantFrom('f32' as const, 'f16' as const, 'bf16' as const),
      causal: fc.constantFrom(false as const, 'bottom-right' as const, 'top-left' as const),
      window: fc.option(fc.record({ left: limit, right: limit }), { nil: null }),
      bias: fc.boolean(),
      alibi: fc.boolean(),
      sinks: fc.boolean(),
      softcap: fc.option(fc.constantFrom(5, 30), { nil: null }),
      dropout: fc.option(fc.constantFrom(0, 0.1, 0.5), { nil: null }),
      shares: fc.array(fc.integer({ min: 0, max: maxLength }), { minLength: 3, maxLength: 3 }),
      lengths: fc.constantFrom('none' as const, 'padded' as const, 'packed' as const),
    })
    .map(({ group, shares, lengths, window, bias, ...rest }) => {
      const problem: Problem = {
        ...noOptions,
        ...rest,
        heads: group * rest.kvHeads,
        window: window && rest.causal ? { ...window, right: null } : window,
        bias: bias ? { batch: 1, heads: group * rest.kvHeads } : null,
        seed: 1,
      };
      if (lengths === 'padded') {
        problem.lengths = shares.slice(0, rest.batch).map((share) => share % (rest.seqLenKv + 1));
      }
      if (lengths === 'packed') {
        problem.packed = shares.map((share) => share + 1);
        problem.batch = 1;
        problem.seqLenQ = problem.packed.reduce((sum, length) => sum + length, 0);
        problem.seqLenKv = problem.seqLenQ;
      }
      return problem;
    });
}

export const tileSizes = fc.record({
  br: fc.integer({ min: 1, max: 16 }).map((n) => n * 4),
  bc: fc.integer({ min: 1, max: 16 }).map((n) => n * 4),
});
