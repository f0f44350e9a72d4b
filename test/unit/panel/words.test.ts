import { describe, expect, test } from 'vitest';
import { comparisonsOf } from '../../../src/panel/model/comparison.ts';
import { deviceView } from '../../../src/panel/model/device.ts';
import { problemFacts } from '../../../src/panel/model/problem.ts';
import {
  isPairwise,
  sortTensors,
  tensorLabel,
  tensorLook,
  tensorOrder,
} from '../../../src/panel/model/tensors.ts';
import { documentProblem } from '../../../src/profiler/document/problem.ts';
import { fixtureProblem, sideBySide } from './fixtures.ts';

const document = sideBySide();

describe('tensors', () => {
  test('gradients look like their tensor, dotted; other names never break', () => {
    expect(tensorLook('q')).toEqual({ like: 'q', dotted: false });
    expect(tensorLook('dq')).toEqual({ like: 'q', dotted: true });
    expect(tensorLook('o_partial')).toEqual({ like: 'o', dotted: true });
    for (const name of ['delta', 'kv_pages', 'constructor', 'x', '']) {
      expect(tensorOrder).toContain(tensorLook(name).like);
      expect(tensorLook(name)).toEqual(tensorLook(name));
    }
    expect(tensorLabel('dk')).toBe('dk gradient of k');
    expect(tensorLabel('constructor')).toBe('constructor');
    expect(isPairwise('constructor')).toBe(false);
    expect(sortTensors(['zz', 'dv', 'o', 'q', 'aa', 'dout'])).toEqual(['q', 'o', 'dout', 'dv', 'zz', 'aa']);
  });
});

describe('header', () => {
  test('the problem in words', () => {
    const grouped = documentProblem(fixtureProblem('b=1 h=8 kv=2 n=333 m=517 d=80 dv=64', 'bottom-right'));
    expect(problemFacts(grouped)).toEqual([
      'batch 1',
      '8 heads',
      '2 kv heads (grouped)',
      '333 queries × 517 keys',
      'head dim 80, value dim 64',
      'f32',
      'causal, bottom-right',
    ]);
  });

  test('every option that is on is named, long lists are summed up', () => {
    const problem = documentProblem({
      ...fixtureProblem('12,8,64,16'),
      ...{ window: { left: 16, right: null }, lengths: Array.from({ length: 12 }, (_, index) => index) },
      ...{ bias: { batch: 1, heads: 8 }, alibi: true, softcap: 30, sinks: true, dropout: 0.1 },
      ...{ blockMask: { kind: 'local', width: 2 }, ringDevices: 4 },
    });
    expect(problemFacts(problem).slice(7)).toEqual([
      'window 16 left, open right',
      'key lengths of 12 sequences, 0 to 11',
      'bias 1x8',
      'ALiBi',
      'softcap 30',
      'sinks',
      'dropout 0.1',
      'block mask local:2',
      '4 ring devices',
    ]);
  });

  test('a software adapter is labelled, a GPU is not', () => {
    expect(deviceView(document.devices[0]!)).toMatchObject({
      badge: 'software adapter',
      notice: "times are not a GPU's; counts and errors are exact",
    });
    expect(deviceView({ ...document.devices[0]!, type: 'discrete' })).toMatchObject({
      badge: null,
      notice: null,
    });
  });

  test('a run whose device or problem is not described is shown all the same', () => {
    const orphan = comparisonsOf({ ...document, devices: [], problems: [] })[0]!;
    expect(orphan).toMatchObject({ device: null, problem: null });
    expect(deviceView(orphan.device).name).toBe('unknown device');
    expect(orphan.runs).toHaveLength(2);
  });
});
