import { describe, expect, test } from 'vitest';
import { findAlgorithm } from '../../../../src/attention/catalogue.ts';
import { costOf } from '../../../../src/attention/costOf.ts';
import { findGpu } from '../../../../src/attention/devices/find.ts';
import { deviceLimitsOf } from '../../../../src/attention/devices/limits.ts';
import { guaranteedLimits } from '../../../../src/attention/limits.ts';
import { longestRun } from '../../../../src/attention/memory/longestSequence.ts';
import { formatBytes, formatInteger } from '../../../../src/attention/units.ts';
import { siteHoverText } from '../../../../src/editor/sites/siteHoverText.ts';
import { memoryWarning } from '../../../../src/editor/sites/siteMemory.ts';
import { byCost } from '../../../../src/editor/sites/siteOrder.ts';
import { siteProblem } from '../../../../src/editor/sites/siteProblem.ts';
import { siteSummary } from '../../../../src/editor/sites/siteSummary.ts';
import { shapeWords } from '../../../../src/editor/sites/siteWords.ts';
import type { AttentionSite } from '../../../../src/shapes/site.ts';
import { decoderProblem, decoderSite } from './sampleSites.ts';

const found = findGpu('a100-80gb-sxm');
if (!found.ok) throw new Error(found.error);
const gpu = found.value;
const algorithms = ['standard', 'flash2'];
const answers = { B: 4, T: 2048 };

function hover(site: AttentionSite, values: Record<string, number> = {}): string {
  return siteHoverText({
    site,
    values,
    algorithms,
    limits: guaranteedLimits,
    limitsOf: "WebGPU's guaranteed limits",
    gpu,
    links: ['[a link](command:x)'],
    evidenceLink: ({ line }, label) => (line === 12 ? `[${label}](file:///x#L12)` : null),
  });
}

function problemOf(site: AttentionSite, values: Record<string, number>) {
  const { problem } = siteProblem(site, values);
  if (!problem?.ok) throw new Error('no problem');
  return problem.value;
}

describe('the hover on a call site', () => {
  test('shows names for what the code leaves open, and on what the rest stands', () => {
    const [head = ''] = hover(decoderSite()).split('\n');
    expect(head).toBe(
      '**Attention** batch B · heads 12 *(default)* · sequence T · head dim 64 *(default)* · causal top\\-left · f16  ',
    );
    expect(hover(decoderSite())).toContain('*F\\.scaled\\_dot\\_product\\_attention*');
  });

  test('no number of cost stands there while a size is open', () => {
    const text = hover(decoderSite());
    expect(text).toContain('No cost yet: B, T not known.');
    expect(text).not.toMatch(/\d [kMGT]?B\b|FLOP|HBM/);
  });

  test('with values its numbers are those of the cost model', () => {
    const text = hover(decoderSite(), answers);
    expect(text).toContain('With B = 4, T = 2,048 *(remembered)*.');
    const problem = problemOf(decoderSite(), answers);
    for (const id of algorithms) {
      const cost = costOf(findAlgorithm(id)!, problem, guaranteedLimits);
      if (!cost.ok) throw new Error(cost.error);
      const { traffic, memory } = cost.value.cost;
      expect(text).toContain(formatBytes(traffic.readBytes + traffic.writeBytes));
      expect(text).toContain(formatBytes(memory.peakBytes));
    }
    expect(text).toContain('| | &emsp;standard (exact) | &emsp;flash2 (exact) | &emsp;bound |');
    // 4 u of 4 x 12 x 2048 x 64 f16 elements, and two matrices of 4 x 12 x 2048 x 2048.
    const bytes = 4 * (4 * 12 * 2048 * 64 * 2) + 2 * (4 * 12 * 2048 * 2048 * 2);
    expect(text).toContain(`A framework holds (modelled): standard ${formatBytes(bytes)}`);
  });

  test('the longest sequence that fits needs no value for the length', () => {
    const batchKnown = decoderSite({
      problem: decoderProblem({ batch: 4 }),
      symbols: { seqLenQ: 'T', seqLenKv: 'T' },
    });
    const expected = algorithms.map((id) => {
      const problem = { ...problemOf(decoderSite(), answers), seqLenQ: 1, seqLenKv: 1 };
      const run = longestRun(findAlgorithm(id)!, problem, deviceLimitsOf(gpu), gpu.memoryBytes!);
      if (!run.ok) throw new Error(run.error);
      return `${id} ${formatInteger(run.value.seqLen)}`;
    });
    for (const text of [hover(batchKnown), hover(decoderSite(), answers)]) {
      const line = text.split('\n').find((each) => each.startsWith('Longest sequence in 85.9 GB of'));
      for (const each of expected) expect(line).toContain(each);
    }
    expect(hover(decoderSite())).not.toContain('Longest sequence');
  });

  test('options that are not known are assumptions, named as such', () => {
    const problem = decoderProblem({ dtype: null, dropout: null });
    expect(hover(decoderSite({ problem }), answers)).toContain(
      'Assumed: dropout not known, taken as off; type of the tensors not known, taken as f32.',
    );
  });

  test('every line of evidence is there, with a link where it can be opened', () => {
    const text = hover(decoderSite());
    expect(text).toContain('[line 12](file:///x#L12): heads: int = 12 *(default)*');
    expect(text).toContain('line 30: y = F\\.scaled');
  });

  test('values that the code runs over are named', () => {
    expect(hover(decoderSite({ choices: { T: [97, 1024] } }))).toContain('The code runs T over 97, 1,024.');
  });

  test('text from the file cannot become Markdown', () => {
    const evil = '](command:x) <img src=x> `|` $(flame)\n# **';
    const site = decoderSite({
      callee: evil,
      symbols: { batch: evil, seqLenQ: evil, seqLenKv: evil, dtype: evil },
      evidence: [{ line: 1, text: evil, kind: 'comment', file: evil }],
      choices: { [evil]: [1, 2] },
      problem: decoderProblem({ dtype: null }),
    });
    for (const text of [hover(site), hover(site, { [evil]: 3 })]) {
      expect(text).not.toMatch(/(?<!\\)<img/);
      expect(text.replaceAll('[a link](command:x)', '')).not.toMatch(/(?<!\\)\]\(command:x/);
      expect(text).not.toMatch(/(?<!\\)\$\(flame/);
      expect(text.split('\n').some((line) => line.startsWith('#'))).toBe(false);
    }
  });

  test('takes a few milliseconds', () => {
    hover(decoderSite(), answers);
    const times = Array.from({ length: 20 }, () => {
      const started = performance.now();
      hover(decoderSite(), answers);
      return performance.now() - started;
    });
    expect(times.sort((a, b) => a - b)[10]).toBeLessThan(50);
  });
});

describe('a call site in a line', () => {
  test('has its shape in sizes and names, and what differs beside', () => {
    expect(shapeWords(decoderSite())).toBe('B × 12 × T × 64');
    const problem = decoderProblem({ kvHeads: 4, batch: 1, seqLenQ: 1, seqLenKv: 4096, headDimV: 32 });
    expect(shapeWords(decoderSite({ problem, symbols: {} }))).toBe(
      '1 × 12 (4 K/V) × 1 (4,096 keys) × 64 (32 values)',
    );
    expect(shapeWords(decoderSite({ symbols: {} }))).toBe('? × 12 × ? × 64');
  });

  test('names what is missing, or what the first algorithms move', () => {
    expect(siteSummary(decoderSite(), {}, algorithms, guaranteedLimits)).toEqual({
      shape: 'B × 12 × T × 64, causal, f16',
      cost: 'B, T not known',
      bytes: null,
      missing: ['B', 'T'],
    });
    const { cost, bytes } = siteSummary(decoderSite(), answers, algorithms, guaranteedLimits);
    expect(cost).toMatch(/^standard [\d.]+ .B, flash2 [\d.]+ .B HBM \(exact\) at B = 4, T = 2048$/);
    expect(cost).toContain(formatBytes(bytes));
  });

  test('the most expensive come first, and those without a cost last', () => {
    const items = [null, 3n, null, 2n ** 70n, 5n];
    expect(byCost(items, (each) => each)).toEqual([2n ** 70n, 5n, 3n, null, null]);
  });
});

describe('the warning of memory', () => {
  test('stands exactly where standard attention of a framework holds more than the device has', () => {
    const long = (T: number) => memoryWarning(decoderSite(), { B: 1, T }, gpu);
    // 2 matrices of 12 T^2 f16 and 4 tensors of 12 x 64 T: more than 80 GiB from T = 42,258 on.
    const bytes = (T: number) => 2 * 12 * T * T * 2 + 4 * 12 * T * 64 * 2;
    const most = 80 * 2 ** 30;
    let T = 40_000;
    while (bytes(T + 1) <= most) T++;
    expect(long(T)).toBeNull();
    expect(long(T + 1)).toContain(
      `Standard attention would hold ${formatBytes(bytes(T + 1))} here (modelled)`,
    );
  });

  test('says nothing where a size or the memory is not known', () => {
    expect(memoryWarning(decoderSite(), { B: 1 }, gpu)).toBeNull();
    expect(memoryWarning(decoderSite(), { B: 1, T: 2 ** 20 }, { ...gpu, memoryBytes: null })).toBeNull();
  });
});
