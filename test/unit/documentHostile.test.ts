import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxDocumentLength, readDocument } from '../../src/profiler/document/read.ts';
import { writeDocument } from '../../src/profiler/document/write.ts';
import { sampleDocument } from './documentSamples.ts';

const text = writeDocument(sampleDocument());

/** The sample as loose JSON, changed by `edit`, as text. */
function edited(edit: (document: Record<string, never>) => void): string {
  const document = JSON.parse(text);
  edit(document);
  return JSON.stringify(document);
}

function errorOf(json: string): string {
  const result = readDocument(json);
  if (result.ok) throw new Error('was read as a valid document');
  expect(result.error).toMatch(/^[^\n\r]{20,600}\.$/);
  return result.error;
}

describe('damaged text', () => {
  test('cut off at every length', () => {
    const whole = text.trimEnd();
    for (let length = 1; length < whole.length; length++) {
      expect(errorOf(whole.slice(0, length))).toContain('cut off');
    }
    expect(errorOf('')).toContain('it is empty');
    expect(errorOf(' \n')).toContain('it is empty');
  });

  test('not JSON', () => {
    expect(errorOf('hello')).toContain('not valid JSON');
    expect(errorOf(text.replace('"version": 1', '"version": NaN'))).toContain('not valid JSON');
    expect(errorOf(text.replace('"version": 1', '"version": 1,\n,'))).toContain('not valid JSON');
    expect(errorOf('\u0000\u0001\n\u2028')).toContain('not valid JSON');
  });

  test('too large', () => {
    expect(errorOf(' '.repeat(maxDocumentLength + 1))).toContain('too large, 67.1 MB: at most 67.1 MB');
  });

  test('a million brackets deep', () => {
    expect(errorOf('['.repeat(1_000_000))).toContain('deeper than 32 levels');
    expect(errorOf(`{"a":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`)).toContain(
      'deeper than 32 levels',
    );
  });

  test('any change of one character is read or refused in one line', () => {
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({ maxLength: 2 }), (at, put) => {
        const result = readDocument(text.slice(0, at) + put + text.slice(at + 1));
        if (!result.ok) expect(result.error).toMatch(/^[^\n\r]{20,600}\.$/);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('another format', () => {
  test.each([
    ['null', /expected an object, found null/],
    ['[1]', /expected an object, found a list/],
    ['"attnprof"', /expected an object, found "attnprof"/],
    ['{}', /format: expected "attnprof", found nothing/],
    ['{"format":"speedscope","version":1}', /format: expected "attnprof", found "speedscope"/],
    ['{"format":"attnprof"}', /version: expected a whole number from 1 to 1, found nothing/],
    ['{"format":"attnprof","version":"1"}', /version: expected a whole number from 1 to 1, found "1"/],
    ['{"format":"attnprof","version":0}', /found 0/],
    ['{"format":"attnprof","version":1.5}', /found 1.5/],
  ])('%s', (json, error) => {
    expect(errorOf(json)).toMatch(error);
  });

  test('a newer version says so before anything else', () => {
    const newer = '{"format":"attnprof","version":7,"runs":"otherwise"}';
    expect(errorOf(newer)).toMatch(/written by a newer Attention Profiler \(format version 7; .* update/);
  });
});

describe('prototype keys', () => {
  test.each([
    '{"__proto__":{"x":1},"format":"attnprof","version":1}',
    '{"format":"attnprof","version":1,"tool":{"constructor":{"prototype":{"x":1}}}}',
    '{"format":"attnprof","version":1,"runs":[{"errors":{"__proto__":1}}]}',
    '{"format":"attnprof","version":1,"devices":[{"limits":{"prototype":1}}]}',
  ])('%s', (json) => {
    expect(errorOf(json)).toMatch(/the key "(__proto__|constructor|prototype)" is not allowed, at /);
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  test('a key that objects inherit is no name', () => {
    const json = text.replace('"maxBufferSize"', '"toString"');
    expect(errorOf(json)).toMatch(/devices\[0\]\.limits\.toString: expected a name that is not reserved/);
  });
});

describe('wrong values name their place and what is right', () => {
  // biome-ignore lint/suspicious/noExplicitAny: loose JSON, to be damaged
  const cases: [string, (document: any) => void, string][] = [
    ['missing', (d) => delete d.runs[0].time.p25Ms, 'runs[0].time.p25Ms is missing'],
    ['no runs', (d) => delete d.runs, 'runs is missing'],
    ['list for object', (d) => (d.tool = []), 'tool: expected an object, found a list'],
    ['list for names', (d) => (d.runs[1].errors = []), 'runs[1].errors: expected an object, found a list'],
    ['object for list', (d) => (d.runs = {}), 'runs: expected a list, found an object'],
    ['text', (d) => (d.devices[0].name = 4), 'devices[0].name: expected text, found 4'],
    [
      'long text',
      (d) => (d.tool.name = 'x'.repeat(10_001)),
      'tool.name: expected text of at most 10000 characters',
    ],
    [
      'choice',
      (d) => (d.runs[1].status = 'fine'),
      'expected one of ok, skipped, stopped, failed, found "fine"',
    ],
    [
      'dtype',
      (d) => (d.problems[0].dtype = 'f64'),
      'problems[0].dtype: expected one of f32, f16, bf16, found "f64"',
    ],
    [
      'causal',
      (d) => (d.problems[0].causal = true),
      'expected false or one of bottom-right, top-left, found true',
    ],
    [
      'negative',
      (d) => (d.runs[0].errors.o.nonFinite = -1),
      'runs[0].errors.o.nonFinite: expected a whole number',
    ],
    [
      'fraction',
      (d) => (d.runs[0].traffic.exact.loads = 0.5),
      'runs[0].traffic.exact.loads: expected a whole number',
    ],
    [
      'count in words',
      (d) => (d.runs[0].flops.exact = 'many'),
      'runs[0].flops.exact: expected a whole number',
    ],
    ['small string', (d) => (d.runs[0].flops.exact = '1000000000000000'), 'and as a decimal string beyond'],
    ['zero size', (d) => (d.problems[0].batch = 0), 'problems[0].batch: expected a whole number from 1'],
    [
      'provenance',
      (d) => (d.runs[0].memory.provenance = 'guessed'),
      'runs[0].memory.provenance: expected "exact"',
    ],
    [
      'other row',
      (d) => (d.runs[0].traffic.counted.provenance = 'exact'),
      'expected "counted", found "exact"',
    ],
    ['date', (d) => (d.createdAt = 'yesterday'), 'createdAt: expected a time like'],
    ['no such day', (d) => (d.createdAt = '2026-13-45T99:00:00Z'), 'createdAt: expected a time like'],
    ['window', (d) => (d.problems[0].window = [1]), 'problems[0].window'],
    ['key', (d) => (d.devices[0].limits = { 'a b': 1 }), 'devices[0].limits["a b"]: expected a name'],
    ['device', (d) => (d.runs[1].device = 'x\ny'), 'runs[1].device: no device has the id "x\\ny"'],
    ['problem', (d) => (d.runs[0].problem = 'q'), 'runs[0].problem: no problem has the id "q"'],
    ['heads', (d) => (d.problems[0].kvHeads = 3), 'heads (2) must be divisible by kv heads (3)'],
    ['head dim', (d) => (d.problems[0].headDim = 512), 'problems[0]: headDim is 512, at most 256'],
    ['duplicate device', (d) => d.devices.push(d.devices[0]), 'devices[1]: the id "gpu" is used twice'],
    ['duplicate problem', (d) => d.problems.push(d.problems[0]), 'problems[1]: the id "p" is used twice'],
    [
      'no reason',
      (d) => delete d.runs[1].reason,
      'runs[1].reason is missing: a run that is skipped says why',
    ],
    [
      'quartiles',
      (d) => (d.runs[0].time.p25Ms = 9),
      'runs[0].time: expected p25Ms, medianMs and p75Ms in rising',
    ],
    [
      'tiles',
      (d) => (d.runs[0].tiles.skipped = 3),
      'runs[0].tiles: 3 skipped and 2 partial are more than the 4',
    ],
    ['rows', (d) => (d.runs[0].errors.o.rows = 7), 'runs[0].errors.o: 7 rows compared are more than the 6'],
    [
      'total',
      (d) => (d.runs[0].traffic.bound.stores = 11),
      'stores of the buffers sum to 12, not to the 11 stated',
    ],
    [
      'stage total',
      (d) => (d.runs[0].traffic.bound.stages[1].buffers.o.stores = 11),
      'stores of the buffers of stage output sum to 11, not to the 12 stated',
    ],
  ];

  test.each(cases)('%s', (_what, damage, error) => {
    expect(errorOf(edited(damage))).toContain(error);
  });

  test('a number too large for a double', () => {
    expect(errorOf(text.replace('"bandwidthGBs": 100.5', '"bandwidthGBs": 1e999'))).toContain(
      'devices[0].peaks.bandwidthGBs: expected a finite number of at least 0, found Infinity',
    );
  });
});
