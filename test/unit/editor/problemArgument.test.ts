import { expect, test } from 'vitest';
import { noOptions, type Problem } from '../../../src/attention/problem.ts';
import type { Settings } from '../../../src/editor/contributions.ts';
import { settings } from '../../../src/editor/contributions.ts';
import { parseJob } from '../../../src/editor/jobArgument.ts';
import { problemArgument } from '../../../src/editor/problemArgument.ts';

const defaults = Object.fromEntries(
  Object.entries(settings).map(([name, { default: value }]) => [name, value]),
) as unknown as Settings;
const plain: Problem = {
  ...{ batch: 2, heads: 8, kvHeads: 2, seqLenQ: 7, seqLenKv: 19, headDim: 64, headDimV: 64 },
  ...noOptions,
  ...{ dtype: 'f16', seed: 0 },
};

test('a problem comes back as it was from the argument that the profile command takes', () => {
  const problems: Problem[] = [
    plain,
    { ...plain, causal: 'bottom-right', window: { left: 128, right: null }, softcap: 30 },
    { ...plain, bias: { batch: 1, heads: 8 }, dropout: 0.25, alibi: true, dtype: 'bf16' },
  ];
  for (const problem of problems) {
    const argument = JSON.parse(JSON.stringify(problemArgument(problem, defaults.algorithms)));
    expect(parseJob(argument, defaults)).toMatchObject({ ok: true, value: { problem } });
  }
  expect(problemArgument(plain, ['flash2'])).toEqual({ shape: 'b=2 h=8 kv=2 n=7 m=19 d=64', dtype: 'f16' });
});

test('algorithms that cannot do it are left out, as long as one can', () => {
  expect(problemArgument(plain, ['flash2', 'block-sparse-flash'])).toMatchObject({ algorithms: ['flash2'] });
  expect(problemArgument(plain, ['block-sparse-flash'])).not.toHaveProperty('algorithms');
});
