import { describe, expect, test } from 'vitest';
import { checkOptions } from '../../../src/attention/options.ts';
import { noOptions, type Problem, problemId } from '../../../src/attention/problem.ts';

const problem: Problem = {
  ...{ batch: 2, heads: 4, kvHeads: 2, seqLenQ: 8, seqLenKv: 12, headDim: 16, headDimV: 16 },
  ...noOptions,
  dtype: 'f32',
  seed: 0,
};
const one: Problem = { ...problem, batch: 1, seqLenKv: 8 };

describe('options that go with the sizes', () => {
  test.each<[string, Problem]>([
    ['none', problem],
    ['a window', { ...problem, window: { left: 3, right: null } }],
    ['a causal window', { ...problem, causal: 'top-left', window: { left: 3, right: 0 } }],
    ['lengths', { ...problem, lengths: [0, 12] }],
    ['packed', { ...one, packed: [3, 5], causal: 'bottom-right' }],
    ['bias', { ...problem, bias: { batch: 1, heads: 4 } }],
    ['rates', { ...problem, softcap: 30, dropout: 0 }],
    ['blocks', { ...problem, blockMask: { kind: 'local', width: 0 } }],
    ['a ring', { ...problem, ringDevices: 8 }],
  ])('%s', (_, wanted) => {
    expect(checkOptions(wanted)).toEqual({ ok: true, value: wanted });
  });
});

test.each<[Partial<Problem>, RegExp]>([
  [{ window: { left: -1, right: null } }, /window left must be a whole number of at least 0, got -1/],
  [{ window: { left: 0, right: 0.5 } }, /window right must be/],
  [{ causal: 'top-left', window: { left: 1, right: 2 } }, /already ends at the diagonal/],
  [{ lengths: [1] }, /one number per batch entry: 2, got 1/],
  [{ lengths: [1, 13] }, /between 0 and the key length 12, got 13/],
  [{ packed: [8] }, /batch must be 1, got 2/],
  [{ batch: 1, packed: [8] }, /query and key length must agree/],
  [{ ...one, packed: [4, 5] }, /sum to 9, the sequence length is 8/],
  [{ ...one, packed: [0, 8] }, /at least 1, got 0/],
  [{ ...one, packed: [8], lengths: [8] }, /packed or lengths, not both/],
  [{ bias: { batch: 3, heads: 1 } }, /bias has batch 3: 1 or 2/],
  [{ bias: { batch: 1, heads: 2 } }, /bias has 2 heads: 1 or 4/],
  [{ softcap: 0 }, /softcap must be above 0/],
  [{ dropout: 1 }, /dropout must be from 0 to below 1/],
  [{ blockMask: { kind: 'strided', stride: 0 } }, /stride in blocks/],
  [{ ringDevices: 9 }, /9 ring devices share 8 rows/],
  [{ ringDevices: 0 }, /whole number from 1 to 256, got 0/],
])('%j is refused in one line', (change, right) => {
  const checked = checkOptions({ ...problem, ...change });
  expect(checked.ok).toBe(false);
  if (!checked.ok) expect(checked.error).toMatch(right);
});

test('the name of a problem names every option that is on', () => {
  const all: Problem = {
    ...one,
    ...{ causal: 'top-left', window: { left: 3, right: null }, packed: [3, 5], alibi: true, sinks: true },
    ...{ bias: { batch: 1, heads: 4 }, softcap: 30, dropout: 0.1 },
    ...{ blockMask: { kind: 'random', density: 0.5 }, ringDevices: 2 },
  };
  expect(problemId(all)).toBe(
    'b1 h4 kv2 n8 m8 d16 dv16 f32 causal top-left window 3,∞ packed 3,5 bias 1x4 alibi softcap 30 sinks ' +
      'dropout 0.1 blocks random:0.5 ring 2',
  );
  expect(problemId(problem)).toBe('b2 h4 kv2 n8 m12 d16 dv16 f32');
});
