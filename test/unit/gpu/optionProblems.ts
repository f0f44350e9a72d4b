import * as fc from 'fast-check';
import { checkOptions, streams } from '../../../src/attention/options.ts';
import { noOptions, type Problem } from '../../../src/attention/problem.ts';
import { fillNormals } from '../../../src/attention/random/stream.ts';
import type { InputReader } from '../../../src/gpu/inputs.ts';
import type { TileSize } from '../../../src/gpu/reference/row.ts';

const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null, freq: 2 });
const side = maybe(fc.integer({ min: 0, max: 6 }));

/** Sizes small enough to difference every element, and any options that go together. */
export const optionProblems: fc.Arbitrary<Problem> = fc
  .record({
    batch: fc.integer({ min: 1, max: 2 }),
    kvHeads: fc.integer({ min: 1, max: 2 }),
    group: fc.integer({ min: 1, max: 3 }),
    seqLenQ: fc.integer({ min: 1, max: 9 }),
    seqLenKv: fc.integer({ min: 1, max: 9 }),
    headDim: fc.integer({ min: 1, max: 6 }),
    headDimV: fc.integer({ min: 1, max: 6 }),
    causal: fc.constantFrom(false as const, 'top-left' as const, 'bottom-right' as const),
    window: maybe(fc.record({ left: side, right: side })),
    length: maybe(fc.array(fc.nat(9), { minLength: 2, maxLength: 2 })),
    cut: maybe(fc.nat(8)),
    bias: maybe(fc.record({ ofBatch: fc.boolean(), ofHeads: fc.boolean() })),
    alibi: fc.boolean(),
    softcap: maybe(fc.double({ min: 0.5, max: 5, noNaN: true })),
    sinks: fc.boolean(),
    dropout: maybe(fc.double({ min: 0, max: 0.9, noNaN: true })),
    blockMask: fc.constantFrom(
      null,
      null,
      { kind: 'butterfly' as const },
      { kind: 'local' as const, width: 0 },
      { kind: 'random' as const, density: 0.4 },
    ),
    seed: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  })
  .map(({ group, length, cut, bias, window, ...rest }) => {
    const heads = rest.kvHeads * group;
    const problem: Problem = {
      ...noOptions,
      ...rest,
      heads,
      dtype: 'f32',
      window: window && { left: window.left, right: rest.causal ? null : window.right },
      bias: bias && { batch: bias.ofBatch ? rest.batch : 1, heads: bias.ofHeads ? heads : 1 },
      lengths: length?.slice(0, rest.batch).map((keys) => Math.min(keys, rest.seqLenKv)) ?? null,
    };
    if (!cut || cut >= rest.seqLenQ) return problem;
    const packed = [cut, rest.seqLenQ - cut];
    return { ...problem, batch: 1, bias: null, lengths: null, seqLenKv: rest.seqLenQ, packed };
  })
  .filter((problem) => checkOptions(problem).ok);

export const tile: TileSize = { br: 3, bc: 2 };

/** Every input of a problem in double precision, so that a test can change an element by very little. */
export function inputsOf(problem: Problem): Record<string, Float64Array> {
  const { batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV, bias, seed } = problem;
  const tensor = (elements: number, stream: number) => {
    const values = new Float32Array(elements);
    fillNormals(values, { seed, stream });
    return Float64Array.from(values);
  };
  return {
    q: tensor(batch * heads * seqLenQ * headDim, streams.q),
    k: tensor(batch * kvHeads * seqLenKv * headDim, streams.k),
    v: tensor(batch * kvHeads * seqLenKv * headDimV, streams.v),
    dout: tensor(batch * heads * seqLenQ * headDimV, streams.dout),
    bias: tensor(bias ? bias.batch * bias.heads * seqLenQ * seqLenKv : 0, streams.bias),
    sinks: tensor(heads, streams.sinks),
  };
}

export function reader(inputs: Record<string, Float64Array | Float32Array>): InputReader {
  return (name, first, count) => inputs[name]!.subarray(first, first + count);
}

export function allRows({ batch, heads, seqLenQ }: Problem): number[] {
  return Array.from({ length: batch * heads * seqLenQ }, (_, row) => row);
}

export function allKeyRows({ batch, kvHeads, seqLenKv }: Problem): number[] {
  return Array.from({ length: batch * kvHeads * seqLenKv }, (_, row) => row);
}
