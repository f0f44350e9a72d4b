import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { catalogue } from '../../../src/attention/catalogue.ts';
import { noOptions } from '../../../src/attention/problem.ts';
import { type Settings, settings } from '../../../src/editor/contributions.ts';
import { jobOfDocument, parseJob } from '../../../src/editor/jobArgument.ts';
import { sampleDocument } from '../documentSamples.ts';

const defaults = Object.fromEntries(
  Object.entries(settings).map(([name, { default: value }]) => [name, value]),
) as unknown as Settings;

/** An algorithm for inference alone. */
const inference = {
  shape: '1,8,512,64',
  algorithms: [catalogue.find(({ backward, id }) => !backward && id.includes('decoding'))!.id],
};

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
        ...noOptions,
        dtype: 'f32',
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

  test('options are written as documents write them', () => {
    const job = parseJob(
      {
        shape: '2,4,64,16',
        ...{ window: [16, null], lengths: [3, 64], bias: '1x4', alibi: true, softcap: 30, sinks: true },
        ...{ dropout: 0.1, ringDevices: 2 },
      },
      defaults,
    );
    expect(job).toMatchObject({
      ok: true,
      value: {
        problem: {
          ...{ window: { left: 16, right: null }, lengths: [3, 64], bias: { batch: 1, heads: 4 } },
          ...{ alibi: true, softcap: 30, sinks: true, dropout: 0.1, blockMask: null, ringDevices: 2 },
        },
      },
    });
  });

  test('the job of a document has its options, and leaves out what could not run', () => {
    const document = sampleDocument();
    document.problems[0]!.blockMask = null;
    const job = jobOfDocument(document, defaults);
    expect(job).toMatchObject({
      problem: {
        kvHeads: 1,
        lengths: [5],
        bias: { batch: 1, heads: 2 },
        alibi: true,
        ringDevices: 3,
        seed: 7,
      },
      algorithms: ['standard', 'flash2'],
      passes: ['forward'],
    });
    document.runs[1]!.algorithm = 'of-another-time';
    expect(jobOfDocument(document, defaults)).toMatchObject({ algorithms: ['standard'] });
    document.problems[0]!.bias = '1x3';
    expect(jobOfDocument(document, defaults)).toBeNull();
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
    ['an unknown algorithm', { shape: '1,8,512,64', algorithms: ['flash9'] }, /flash9.*standard.*flash2/],
    ['a pass that is not there', { ...inference, passes: ['backward'] }, /no backward pass/],
    ['a dtype that is not there', { shape: '1,8,512,64', dtype: 'int8' }, /dtype/],
    ['what no pass can do', { shape: '1,8,512,64', blockMask: 'local:1' }, /block masks are for/],
    ['lengths for another batch', { shape: '1,8,512,64', lengths: [1, 2] }, /one number per batch entry/],
    ['a bias that is not there', { shape: '1,8,512,64', bias: '2x8' }, /bias has batch 2/],
    ['a bias in other words', { shape: '1,8,512,64', bias: 'eight' }, /bias is batch x heads/],
    ['a window of one side', { shape: '1,8,512,64', window: [3] }, /window/],
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
