import { describe, expect, it } from 'vitest';
import type { BlockMask } from '../../../src/attention/blockMask.ts';
import { algorithmPass, catalogue, chooseTiling, findAlgorithm } from '../../../src/attention/catalogue.ts';
import { boundTraffic } from '../../../src/attention/cost/bound.ts';
import { guaranteedLimits } from '../../../src/attention/limits.ts';
import type { Pass, Problem } from '../../../src/attention/problem.ts';
import { unsupported } from '../../../src/attention/support.ts';
import { plainProblem } from './arbitrary.ts';

const mostMicroseconds = 50;

/** Longer than the caches of any walk, and multiples of nothing where a tile could hide it. */
const long = plainProblem({ heads: 32, seqLenQ: 131_072, headDim: 128 });
const cases: [name: string, problem: Problem][] = [
  ['no mask', long],
  ['causal, top left', { ...long, causal: 'top-left' }],
  ['causal, bottom right, shorter keys', { ...long, causal: 'bottom-right', seqLenKv: 100_003 }],
  [
    'window, longer keys, grouped',
    { ...long, window: { left: 1021, right: 77 }, seqLenQ: 99_991, kvHeads: 8 },
  ],
  [
    'every option',
    {
      ...long,
      ...{ kvHeads: 4, seqLenKv: 131_101, dtype: 'bf16', causal: 'bottom-right' },
      ...{ window: { left: 4095, right: null }, bias: { batch: 1, heads: 32 }, alibi: true },
      ...{ softcap: 30, sinks: true, dropout: 0.1 },
    },
  ],
  ['the longest', plainProblem({ heads: 1, seqLenQ: 2 ** 24, headDim: 128, causal: 'bottom-right' })],
];

/** The least of several medians: what else runs on the machine does not count. */
function medianMicroseconds(evaluate: () => void, warmUp = 200): number {
  for (let i = 0; i < warmUp; i++) evaluate();
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const times = Array.from({ length: 41 }, () => {
      const started = performance.now();
      evaluate();
      return performance.now() - started;
    });
    least = Math.min(least, 1000 * times.sort((a, b) => a - b)[20]!);
  }
  return least;
}

/** What it takes to evaluate each of the algorithms that have the problem. */
function measured(problem: Problem) {
  const found: { what: string; microseconds: number }[] = [];
  const measure = (what: string, evaluate: () => void) =>
    found.push({ what, microseconds: medianMicroseconds(evaluate) });
  for (const row of catalogue) {
    for (const pass of row.passes.filter((each) => unsupported(row, problem, each) === null)) {
      const choose = () => chooseTiling(row, problem, guaranteedLimits, {}, pass);
      const tiling = choose();
      if (!tiling.ok) throw new Error(tiling.error);
      const { cost } = algorithmPass(row, pass);
      measure(`${row.id} ${pass}`, () => cost(problem, tiling.value));
      measure(`${row.id} ${pass} tiling`, choose);
    }
  }
  for (const pass of ['forward', 'backward'] satisfies Pass[]) {
    measure(`bound ${pass}`, () => boundTraffic(problem, pass));
  }
  return found;
}

describe('one evaluation of a cost', () => {
  it.each(cases)(`takes less than ${mostMicroseconds} microseconds: %s`, (name, problem) => {
    const found = measured(problem);
    const line = found.map(({ what, microseconds }) => `${what} ${microseconds.toFixed(1)}`).join(', ');
    console.log(`${name}, microseconds: ${line}`);
    expect(found.filter(({ microseconds }) => microseconds > mostMicroseconds)).toEqual([]);
  });
});

describe('one evaluation of a block mask', () => {
  const masks: BlockMask[] = [
    { kind: 'local', width: 4 },
    { kind: 'strided', stride: 8 },
    { kind: 'butterfly' },
  ];

  // A row of tiles takes O(1), a butterfly O(log); random masks, whose blocks are drawn, have no bound here.
  it.each(masks)('takes a few microseconds for each row of tiles: $kind', (blockMask) => {
    const shorter = { ...long, seqLenQ: 16_384, seqLenKv: 16_384 };
    const problem: Problem = { ...shorter, causal: 'bottom-right', blockMask };
    const row = findAlgorithm('block-sparse-flash')!;
    for (const pass of row.passes) {
      const tiling = { br: 64, bc: 32, dc: 64, splits: 1, headsPerSlice: 1 };
      const { cost } = algorithmPass(row, pass);
      const each = medianMicroseconds(() => cost(problem, tiling), 20) / (problem.seqLenQ / tiling.br);
      console.log(`${blockMask.kind} ${pass}, microseconds for each row of tiles: ${each.toFixed(3)}`);
      expect(each).toBeLessThan(10);
    }
  });
});
