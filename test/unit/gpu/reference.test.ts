import fc from 'fast-check';
import { expect, test } from 'vitest';
import { visibleRange } from '../../../src/attention/mask.ts';
import { noOptions, optionWords, type Problem } from '../../../src/attention/problem.ts';
import { referenceRows } from '../../../src/gpu/reference/forward.ts';
import { emptyRowLse } from '../../../src/gpu/reference/softmax.ts';
import { materialised } from './materialised.ts';
import { allRows, inputsOf, optionProblems, reader, tile } from './optionProblems.ts';

const problem: Problem = {
  ...noOptions,
  batch: 2,
  heads: 4,
  kvHeads: 2,
  seqLenQ: 5,
  seqLenKv: 7,
  headDim: 6,
  headDimV: 3,
  dtype: 'f32',
  seed: 1,
};

test('agrees with a materialised softmax on every row of random problems, whatever their options', async () => {
  const met = new Set<string>();
  await fc.assert(
    fc.asyncProperty(optionProblems, async (p) => {
      for (const word of optionWords(p)) met.add(word.split(' ')[0]!);
      const inputs = inputsOf(p);
      const { o, lse } = await referenceRows(p, tile, allRows(p), reader(inputs));
      const other = materialised(p, inputs);
      for (const [index, value] of other.o.entries()) expect(o[index]).toBeCloseTo(value, 11);
      for (const [index, value] of other.lse.entries()) expect(lse[index]).toBeCloseTo(value, 11);
    }),
    { numRuns: 400 },
  );
  const options = 'alibi bias blocks causal dropout lengths packed sinks softcap window'.split(' ');
  expect([...met].sort()).toEqual(options);
});

test('where only the sink is seen the output is zero and the log-sum-exp the sink', async () => {
  const p: Problem = { ...problem, lengths: [0, 7], sinks: true };
  const inputs = inputsOf(p);
  const { o, lse } = await referenceRows(p, tile, [6], reader(inputs));
  expect([...o]).toEqual([0, 0, 0]);
  expect(lse[0]).toBe(inputs.sinks![1]);
});

test('a row that sees no key is zero, and its log-sum-exp the lowest finite f32', async () => {
  const p: Problem = { ...problem, seqLenQ: 6, seqLenKv: 2, causal: 'bottom-right' };
  const { start, end } = visibleRange(p, 0, 3);
  expect(end - start).toBe(0);
  const { o, lse } = await referenceRows(p, tile, [3, 4], reader(inputsOf(p)));
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
  const { o, lse } = await referenceRows(p, tile, [0], reader(inputs));
  expect(o[0]).toBe(5);
  expect(lse[0]).toBe(2000);
});

test('some rows are the same as those of all rows', async () => {
  const inputs = inputsOf(problem);
  const all = await referenceRows(problem, tile, allRows(problem), reader(inputs));
  const some = await referenceRows(problem, tile, [0, 17, 39], reader(inputs));
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
  const running = referenceRows(p, tile, allRows(p), reader(inputs), {
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  await expect(running).rejects.toMatchObject({ name: 'AbortError' });
});
