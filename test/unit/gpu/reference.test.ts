import fc from 'fast-check';
import { expect, test } from 'vitest';
import { visibleKeys } from '../../../src/attention/mask.ts';
import type { Problem } from '../../../src/attention/problem.ts';
import { fillNormals, type InputReader } from '../../../src/gpu/inputs.ts';
import { emptyRowLse, referenceRows } from '../../../src/gpu/reference.ts';

const problem: Problem = {
  batch: 2,
  heads: 4,
  kvHeads: 2,
  seqLenQ: 5,
  seqLenKv: 7,
  headDim: 6,
  headDimV: 3,
  dtype: 'f32',
  causal: false,
  seed: 1,
};

function inputsOf({ batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV, seed }: Problem) {
  const tensor = (elements: number, stream: number) => {
    const values = new Float32Array(elements);
    fillNormals(values, { seed, stream });
    return values;
  };
  return {
    q: tensor(batch * heads * seqLenQ * headDim, 0),
    k: tensor(batch * kvHeads * seqLenKv * headDim, 1),
    v: tensor(batch * kvHeads * seqLenKv * headDimV, 2),
  };
}

function reader(inputs: Record<string, Float32Array>): InputReader {
  return (name, first, count) => inputs[name]!.subarray(first, first + count);
}

function allRows({ batch, heads, seqLenQ }: Problem): number[] {
  return Array.from({ length: batch * heads * seqLenQ }, (_, row) => row);
}

/**
 * Another way to the same numbers: the whole score matrix at once with four-dimensional indices, the mask
 * as minus infinity on a matrix, K and V repeated for grouped heads, no maximum subtracted (scores of a
 * few units are far from overflow in float64), and sums that carry their rounding error (Kahan).
 */
function materialised(p: Problem, inputs: ReturnType<typeof inputsOf>) {
  const o: number[] = [];
  const lse: number[] = [];
  for (let b = 0; b < p.batch; b++)
    for (let h = 0; h < p.heads; h++)
      for (let i = 0; i < p.seqLenQ; i++) {
        const g = Math.trunc(h / (p.heads / p.kvHeads));
        const at = (
          x: Float32Array,
          heads: number,
          head: number,
          rows: number,
          row: number,
          d: number,
          c: number,
        ) => x[((b * heads + head) * rows + row) * d + c]!;
        const weights = Array.from({ length: p.seqLenKv }, (_, j) => {
          const aligned = p.causal === 'bottom-right' ? j - (p.seqLenKv - p.seqLenQ) : j;
          if (p.causal && aligned > i) return 0;
          const products = Array.from(
            { length: p.headDim },
            (_, c) =>
              at(inputs.q, p.heads, h, p.seqLenQ, i, p.headDim, c) *
              at(inputs.k, p.kvHeads, g, p.seqLenKv, j, p.headDim, c),
          );
          return Math.exp(kahan(products) * p.headDim ** -0.5);
        });
        const total = kahan(weights);
        lse.push(total === 0 ? emptyRowLse : Math.log(total));
        for (let c = 0; c < p.headDimV; c++) {
          const terms = weights.map((w, j) => w * at(inputs.v, p.kvHeads, g, p.seqLenKv, j, p.headDimV, c));
          o.push(total === 0 ? 0 : kahan(terms) / total);
        }
      }
  return { o, lse };
}

function kahan(values: number[]): number {
  let total = 0;
  let lost = 0;
  for (const value of values) {
    const corrected = value - lost;
    const next = total + corrected;
    lost = next - total - corrected;
    total = next;
  }
  return total;
}

const problems = fc
  .record({
    batch: fc.integer({ min: 1, max: 2 }),
    kvHeads: fc.integer({ min: 1, max: 2 }),
    group: fc.integer({ min: 1, max: 3 }),
    seqLenQ: fc.integer({ min: 1, max: 9 }),
    seqLenKv: fc.integer({ min: 1, max: 9 }),
    headDim: fc.integer({ min: 1, max: 8 }),
    headDimV: fc.integer({ min: 1, max: 8 }),
    causal: fc.constantFrom(false, 'top-left', 'bottom-right'),
    seed: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  })
  .map(({ group, ...rest }) => ({ ...rest, heads: rest.kvHeads * group, dtype: 'f32' }) as Problem);

test('agrees with a materialised softmax on every row of random problems', async () => {
  await fc.assert(
    fc.asyncProperty(problems, async (p) => {
      const inputs = inputsOf(p);
      const { o, lse } = await referenceRows(p, allRows(p), reader(inputs));
      const other = materialised(p, inputs);
      for (const [index, value] of other.o.entries()) expect(o[index]).toBeCloseTo(value, 12);
      for (const [index, value] of other.lse.entries()) expect(lse[index]).toBeCloseTo(value, 12);
    }),
    { numRuns: 150 },
  );
});

test('a row that sees no key is zero, and its log-sum-exp the lowest finite f32', async () => {
  const p: Problem = { ...problem, seqLenQ: 6, seqLenKv: 2, causal: 'bottom-right' };
  expect(visibleKeys(p, 3)).toBe(0);
  const { o, lse } = await referenceRows(p, [3, 4], reader(inputsOf(p)));
  expect([...o.subarray(0, p.headDimV)]).toEqual([0, 0, 0]);
  expect(lse[0]).toBe(emptyRowLse);
  expect(Math.fround(emptyRowLse)).toBe(emptyRowLse);
  expect(lse[1]).toBeGreaterThan(-10);
});

test('does not overflow where exp of a score would', async () => {
  const p: Problem = {
    ...problem,
    batch: 1,
    heads: 1,
    kvHeads: 1,
    seqLenQ: 1,
    seqLenKv: 2,
    headDim: 1,
    headDimV: 1,
  };
  const inputs = { q: Float32Array.of(1000), k: Float32Array.of(1, 2), v: Float32Array.of(3, 5) };
  const { o, lse } = await referenceRows(p, [0], reader(inputs));
  expect(o[0]).toBe(5);
  expect(lse[0]).toBe(2000);
});

test('some rows are the same as those of all rows', async () => {
  const inputs = inputsOf(problem);
  const all = await referenceRows(problem, allRows(problem), reader(inputs));
  const some = await referenceRows(problem, [0, 17, 39], reader(inputs));
  for (const [index, row] of [0, 17, 39].entries()) {
    expect(some.lse[index]).toBe(all.lse[row]);
    for (let c = 0; c < 3; c++) expect(some.o[index * 3 + c]).toBe(all.o[row * 3 + c]);
  }
});

test('a long reference can be cancelled', async () => {
  const p: Problem = {
    ...problem,
    batch: 1,
    heads: 1,
    kvHeads: 1,
    seqLenQ: 3000,
    seqLenKv: 3000,
    headDim: 64,
    headDimV: 64,
  };
  const inputs = { q: new Float32Array(192_000), k: new Float32Array(192_000), v: new Float32Array(192_000) };
  const controller = new AbortController();
  const running = referenceRows(p, allRows(p), reader(inputs), {
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  await expect(running).rejects.toMatchObject({ name: 'AbortError' });
});
