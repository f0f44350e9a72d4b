import fc from 'fast-check';
import { expect, test } from 'vitest';
import { noOptions, optionWords, type Problem } from '../../../src/attention/problem.ts';
import { referenceGradients } from '../../../src/gpu/reference/backward.ts';
import { referenceRows } from '../../../src/gpu/reference/forward.ts';
import { allKeyRows, allRows, inputsOf, optionProblems, reader, tile } from './optionProblems.ts';

/** sum(dO * O), of which the gradients are. */
async function loss(p: Problem, inputs: Record<string, Float64Array>): Promise<number> {
  const { o } = await referenceRows(p, tile, allRows(p), reader(inputs));
  return o.reduce((sum, value, index) => sum + value * inputs.dout![index]!, 0);
}

/** Central difference with respect to one element: its error is of the order of the step squared. */
async function difference(p: Problem, inputs: Record<string, Float64Array>, name: string, element: number) {
  const at = async (step: number) => {
    const tensor = Float64Array.from(inputs[name]!);
    tensor[element]! += step;
    return await loss(p, { ...inputs, [name]: tensor });
  };
  const step = 1e-4;
  return ((await at(step)) - (await at(-step))) / (2 * step);
}

const everything = (p: Problem) => ({ queryRows: allRows(p), keyRows: allKeyRows(p) });

test('gradients are the central differences of the forward pass, whatever the options', async () => {
  const met = new Set<string>();
  await fc.assert(
    fc.asyncProperty(optionProblems, fc.array(fc.nat(), { minLength: 5, maxLength: 5 }), async (p, picks) => {
      for (const word of optionWords(p)) met.add(word.split(' ')[0]!);
      const inputs = inputsOf(p);
      const gradients = await referenceGradients(p, tile, everything(p), reader(inputs));
      for (const [name, gradient] of [
        ['q', gradients.dq],
        ['k', gradients.dk],
        ['v', gradients.dv],
      ] as const) {
        expect(gradient.length).toBe(inputs[name]!.length);
        for (const pick of picks) {
          const element = pick % gradient.length;
          const expected = await difference(p, inputs, name, element);
          expect(Math.abs(gradient[element]! - expected), `d${name}[${element}]`).toBeLessThan(1e-6);
        }
      }
    }),
    { numRuns: 200 },
  );
  const options = 'alibi bias blocks causal dropout lengths packed sinks softcap window'.split(' ');
  expect([...met].sort()).toEqual(options);
}, 60_000);

const problem: Problem = {
  ...noOptions,
  batch: 2,
  heads: 4,
  kvHeads: 2,
  seqLenQ: 11,
  seqLenKv: 13,
  headDim: 6,
  headDimV: 3,
  causal: 'bottom-right',
  dtype: 'f32',
  seed: 1,
};

test('every element of one problem is its central difference, and few of them are small', async () => {
  const p = { ...problem, batch: 1, heads: 2, kvHeads: 1, seqLenQ: 4, seqLenKv: 5 };
  const inputs = inputsOf(p);
  const { dq, dk, dv } = await referenceGradients(p, tile, everything(p), reader(inputs));
  let norm = 0;
  for (const [name, gradient] of Object.entries({ q: dq, k: dk, v: dv })) {
    for (const [element, value] of gradient.entries()) {
      expect(value).toBeCloseTo(await difference(p, inputs, name, element), 7);
      norm += value * value;
    }
  }
  expect(norm).toBeGreaterThan(1);
});

test('some rows are the same as those of all rows', async () => {
  const inputs = inputsOf(problem);
  const all = await referenceGradients(problem, tile, everything(problem), reader(inputs));
  const queryRows = [0, 40, 87];
  const keyRows = [1, 12, 20, 51];
  const some = await referenceGradients(problem, tile, { queryRows, keyRows }, reader(inputs));
  const rowsOf = (values: Float64Array, width: number, rows: number[]) =>
    rows.flatMap((row) => [...values.subarray(row * width, (row + 1) * width)]);
  expect([...some.dq]).toEqual(rowsOf(all.dq, 6, queryRows));
  expect([...some.dk]).toEqual(rowsOf(all.dk, 6, keyRows));
  expect([...some.dv]).toEqual(rowsOf(all.dv, 3, keyRows));
});

test('a long backward pass can be cancelled', async () => {
  const p: Problem = { ...problem, seqLenQ: 2000, seqLenKv: 2000, headDim: 64, headDimV: 64 };
  const controller = new AbortController();
  const zeros = new Float32Array(2 * 4 * 2000 * 64);
  const running = referenceGradients(
    p,
    tile,
    everything(p),
    reader({ q: zeros, k: zeros, v: zeros, dout: zeros }),
    {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    },
  );
  await expect(running).rejects.toMatchObject({ name: 'AbortError' });
});
