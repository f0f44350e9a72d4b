import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { problemId } from '../../../../src/attention/problem.ts';
import { type SizeField, siteProblem, sizeFields } from '../../../../src/editor/sites/siteProblem.ts';
import { decoderProblem, decoderSite } from './sampleSites.ts';

function idOf(...args: Parameters<typeof siteProblem>): string {
  const { problem } = siteProblem(...args);
  if (!problem?.ok) throw new Error(problem ? problem.error : 'sizes are missing');
  return problemId(problem.value);
}

describe('the problem of a call site', () => {
  test('has no size that neither the code nor the user gave', () => {
    const found = siteProblem(decoderSite(), {});
    expect(found.problem).toBeNull();
    expect(found.missing).toEqual([
      { fields: ['batch'], symbol: 'B', choices: [] },
      { fields: ['seqLenQ', 'seqLenKv'], symbol: 'T', choices: [] },
    ]);
  });

  test('any size that is unknown and unnamed is missing, whatever else is known', () => {
    const all = Object.fromEntries(sizeFields.map((field) => [field, 8]));
    fc.assert(
      fc.property(fc.subarray([...sizeFields], { minLength: 1 }), (open) => {
        const problem = decoderProblem({ ...all, ...Object.fromEntries(open.map((field) => [field, null])) });
        const found = siteProblem(decoderSite({ problem, symbols: {} }), {});
        expect(found.problem).toBeNull();
        expect(found.missing.map(({ fields }) => fields[0])).toEqual(open);
        const answers = Object.fromEntries(open.map((field) => [field, 8])) as Record<SizeField, number>;
        expect(siteProblem(decoderSite({ problem, symbols: {} }), {}, answers).problem?.ok).toBe(true);
      }),
    );
  });

  test('names get the values that the user gave, also inside of a formula', () => {
    expect(idOf(decoderSite(), { B: 2, T: 333 })).toBe('b2 h12 kv12 n333 m333 d64 dv64 f16 causal top-left');
    const site = decoderSite({ symbols: { batch: 'B', seqLenQ: 'T', seqLenKv: 'past + T' } });
    expect(idOf(site, { B: 2, T: 3, past: 4 })).toContain('n3 m7');
    expect(siteProblem(site, { B: 2, T: 3, past: 4 }).answered).toEqual([
      { symbol: 'B', value: 2 },
      { symbol: 'T', value: 3 },
      { symbol: 'past', value: 4 },
    ]);
    expect(siteProblem(site, { B: 2, T: 3 }).missing).toEqual([
      { fields: ['seqLenKv'], symbol: 'past + T', choices: [] },
    ]);
  });

  test('a value of the code wins over one that was remembered', () => {
    const site = decoderSite({ symbols: { batch: 'B', seqLenQ: 'T', seqLenKv: 'T', heads: 'H' } });
    expect(idOf(site, { B: 1, T: 5, H: 99 })).toContain('h12');
    expect(siteProblem(site, { B: 1, T: 5, H: 99 }).answered.map(({ symbol }) => symbol)).toEqual(['B', 'T']);
  });

  test('values that the code gives a name are offered, not taken', () => {
    const found = siteProblem(decoderSite({ choices: { T: [128, 1024] } }), { B: 1 });
    expect(found.missing).toEqual([{ fields: ['seqLenQ', 'seqLenKv'], symbol: 'T', choices: [128, 1024] }]);
  });

  test('options that the code leaves open are off, and said to be', () => {
    const problem = decoderProblem({ dropout: null, causal: null, dtype: null });
    const site = decoderSite({ problem });
    expect(idOf(site, { B: 1, T: 5 })).toBe('b1 h12 kv12 n5 m5 d64 dv64 f32');
    expect(siteProblem(site, { B: 1, T: 5 }).assumed).toEqual([
      'causal, dropout not known, taken as off',
      'type of the tensors not known, taken as f32',
    ]);
    expect(siteProblem(decoderSite(), { B: 1, T: 5 }).assumed).toEqual([]);
  });

  test('options that are on come along', () => {
    const problem = decoderProblem({ window: { left: 16, right: 16 }, softcap: 30, alibi: true, bias: true });
    const id = idOf(decoderSite({ problem }), { B: 2, T: 40 });
    // Behind the diagonal the causal mask hides what the window would show.
    expect(id).toContain('causal top-left window 16,0 bias 2x12 alibi softcap 30');
  });

  test('packed sequences are one entry of all their tokens', () => {
    const problem = decoderProblem({
      ...{ batch: 3, seqLenQ: 200, seqLenKv: 200, packed: [100, 200, 84], causal: 'bottom-right' },
    });
    const site = decoderSite({ problem, symbols: {} });
    expect(idOf(site, {})).toContain('b1 h12 kv12 n384 m384 d64');
    expect(idOf(site, {})).toContain('packed 100,200,84');
  });

  test('sizes that do not go together are an error in one line', () => {
    const { problem } = siteProblem(decoderSite({ problem: decoderProblem({ kvHeads: 5 }) }), { B: 1, T: 5 });
    expect(problem).toMatchObject({ ok: false, error: expect.stringMatching(/divisible/) });
  });
});
