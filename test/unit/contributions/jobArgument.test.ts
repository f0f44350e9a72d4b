import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Settings, settings } from '../../../src/editor/contributions.ts';
import { parseJob } from '../../../src/editor/jobArgument.ts';

const defaults = Object.fromEntries(
  Object.entries(settings).map(([name, { default: value }]) => [name, value]),
) as unknown as Settings;

describe('the argument of attention.profile', () => {
  test('a shape is enough: the settings and the domain give the rest', () => {
    const expected = {
      problem: {
        batch: 1,
        heads: 8,
        kvHeads: 8,
        seqLenQ: 512,
        seqLenKv: 512,
        headDim: 64,
        headDimV: 64,
        dtype: 'f32',
        causal: false,
        seed: 0,
      },
      algorithms: ['standard', 'flash2'],
      passes: ['forward'],
      adapter: 'auto',
      tiling: null,
      repeats: settings.repeats.default,
      timeBudgetSeconds: settings.timeBudgetSeconds.default,
    };
    expect(parseJob({ shape: '1,8,512,64' }, defaults)).toEqual({ ok: true, value: expected });
    const sizes = { heads: 8, seqLenQ: 512, headDim: 64 };
    expect(parseJob({ shape: sizes }, defaults)).toEqual({ ok: true, value: expected });
  });

  test('what it names wins over the settings', () => {
    const job = parseJob(
      {
        shape: 'h=8 kv=2 n=333 m=517 d=80',
        causal: 'bottom-right',
        algorithms: ['flash2', 'flash2'],
        adapter: 'embedded',
        repeats: 3,
        timeBudgetSeconds: null,
        tiling: { br: 16 },
        seed: 7,
      },
      { ...defaults, adapter: 'hardware' },
    );
    expect(job).toMatchObject({
      ok: true,
      value: {
        problem: { kvHeads: 2, seqLenKv: 517, causal: 'bottom-right', seed: 7 },
        algorithms: ['flash2'],
        adapter: 'embedded',
        repeats: 3,
        timeBudgetSeconds: null,
        tiling: { br: 16 },
      },
    });
  });

  test('a time budget of 0 in the settings is none', () => {
    const job = parseJob({ shape: '1,8,512,64' }, { ...defaults, timeBudgetSeconds: 0 });
    expect(job).toMatchObject({ ok: true, value: { timeBudgetSeconds: null } });
  });

  test.each([
    ['nothing', undefined, /takes one object/],
    ['a text', '1,8,512,64', /takes one object/],
    ['no shape', {}, /shape/],
    ['a shape of three', { shape: '1,8,512' }, /four sizes/],
    ['a zero', { shape: '1,0,512,64' }, /at least 1/],
    ['heads not divisible', { shape: { heads: 8, kvHeads: 3, seqLenQ: 8, headDim: 64 } }, /divisible/],
    ['an unknown key', { shape: '1,8,512,64', algoritms: ['flash2'] }, /algoritms/],
    ['an unknown algorithm', { shape: '1,8,512,64', algorithms: ['flash9'] }, /flash9.*standard, flash2/],
    ['a pass that is not there', { shape: '1,8,512,64', passes: ['backward'] }, /no backward pass/],
    ['a dtype that is not there', { shape: '1,8,512,64', dtype: 'bf16' }, /does not run in bf16/],
    ['no samples', { shape: '1,8,512,64', repeats: 0 }, /repeats/],
    ['a budget of no time', { shape: '1,8,512,64', timeBudgetSeconds: 0 }, /timeBudgetSeconds/],
    ['a list of no algorithm', { shape: '1,8,512,64', algorithms: [] }, /algorithms/],
  ])('%s is refused and named', (_, argument, words) => {
    const job = parseJob(argument, defaults);
    expect(job.ok).toBe(false);
    if (!job.ok) {
      expect(job.error).toMatch(words);
      expect(job.error).not.toContain('\n');
    }
  });

  test('anything else never throws', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withNullPrototype: true }), (argument) => {
        expect(parseJob(argument, defaults).ok).toBe(false);
        parseJob({ shape: argument }, defaults);
      }),
    );
  });
});
