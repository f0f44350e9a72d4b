import { describe, expect, it } from 'vitest';
import { algorithmPass, findAlgorithm } from '../../../src/attention/catalogue.ts';
import { visiblePairs } from '../../../src/attention/mask.ts';
import type { Pass, Problem } from '../../../src/attention/problem.ts';
import { plainProblem } from './arbitrary.ts';

const tiling = { br: 8, bc: 8, dc: 64, splits: 1, headsPerSlice: 4 };

const trafficOf = (id: string, problem: Problem, pass: Pass) =>
  algorithmPass(findAlgorithm(id)!, pass).cost(problem, tiling).traffic;

const sizes = { heads: 2, seqLenQ: 33, seqLenKv: 47, headDim: 16 };
const matrix = 2n * 33n * 47n;

const stageNames = (problem: Problem, pass: Pass) =>
  trafficOf('eager', problem, pass).stages.map(({ name }) => name);

describe('eager attention', () => {
  it('has a stage for each operation that has work, and no other', () => {
    const plain = plainProblem(sizes);
    expect(stageNames(plain, 'forward')).toEqual(['scores', 'scale', 'softmax', 'output']);
    expect(stageNames(plain, 'backward')).toEqual(['dv', 'dp', 'softmax', 'scale', 'dq', 'dk']);
    const full = plainProblem({ ...sizes, causal: 'top-left', dropout: 0.1 });
    expect(stageNames(full, 'forward')).toEqual(['scores', 'scale', 'mask', 'softmax', 'dropout', 'output']);
    expect(stageNames(full, 'backward')).toEqual([
      ...['dv', 'dp', 'dropout', 'softmax', 'mask', 'scale', 'dq', 'dk'],
    ]);
  });

  it('moves whole matrices whatever the mask hides', () => {
    const problem = plainProblem({ ...sizes, causal: 'top-left' });
    const forward = trafficOf('eager', problem, 'forward').buffers;
    expect(forward.s).toMatchObject({ loads: 5n * matrix, stores: 3n * matrix });
    expect(forward.p).toMatchObject({ loads: matrix, stores: matrix });
    const backward = trafficOf('eager', problem, 'backward').buffers;
    expect(backward.p).toMatchObject({ loads: 3n * matrix, stores: 0n });
    expect(backward.dp).toMatchObject({ loads: 2n * matrix, stores: matrix });
    expect(backward.ds).toMatchObject({ loads: 4n * matrix, stores: 3n * matrix });
  });
});

describe('the variants of standard attention', () => {
  const problem = plainProblem({ ...sizes, causal: 'top-left' });
  const pairs = 2n * BigInt(visiblePairs(problem));

  it.each([
    ['standard', 3n],
    ['standard-online', 2n],
    ['standard-unsafe', 1n],
  ] as const)('%s reads each visible score %i times', (id, times) => {
    const { s, p } = trafficOf(id, problem, 'forward').buffers;
    expect(s).toMatchObject({ loads: times * pairs, stores: pairs });
    expect(p).toMatchObject({ loads: pairs, stores: pairs });
  });

  it('standard-unsafe stores e^S in 16 bits where the inputs are: two keys to a word', () => {
    const { p } = trafficOf('standard-unsafe', plainProblem({ ...sizes, dtype: 'f16' }), 'forward').buffers;
    expect(p).toMatchObject({ stores: 2n * 33n * 24n, writeBytes: 2n * 33n * 24n * 4n });
  });

  it.each(['standard', 'standard-online', 'standard-unsafe'])(
    '%s backward reads the kept P three times',
    (id) => {
      const { p, dp, ds } = trafficOf(id, problem, 'backward').buffers;
      expect(p).toMatchObject({ loads: 3n * pairs, stores: 0n });
      expect(dp).toMatchObject({ loads: 2n * pairs, stores: pairs });
      expect(ds).toMatchObject({ loads: 2n * pairs, stores: pairs });
    },
  );
});
