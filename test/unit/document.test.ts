import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromCount, toCount } from '../../src/profiler/document/counts.ts';
import { readDocument } from '../../src/profiler/document/read.ts';
import { writeDocument } from '../../src/profiler/document/write.ts';
import { documents, sampleDocument } from './documentSamples.ts';

describe('round trip', () => {
  test('the sample reads back as it was written', () => {
    expect(readDocument(writeDocument(sampleDocument()))).toEqual({ ok: true, value: sampleDocument() });
  });

  test('any valid document reads back equal, and is written the same again', () => {
    fc.assert(
      fc.property(documents, (document) => {
        const text = writeDocument(document);
        const read = readDocument(text);
        expect(read).toEqual({ ok: true, value: document });
        if (read.ok) expect(writeDocument(read.value)).toBe(text);
      }),
      { numRuns: 150 },
    );
  });

  test('keys are written in the order of the schema, whatever order the object has', () => {
    const { runs, problems, devices, tool, createdAt, version, format } = sampleDocument();
    const shuffled = { runs, problems, devices, tool, createdAt, version, format };
    expect(writeDocument(shuffled)).toBe(writeDocument(sampleDocument()));
    expect(writeDocument(shuffled)).toMatch(/^\{\n {2}"format": "attnprof",\n {2}"version": 1,\n/);
  });

  test('fields a later tool added are passed over', () => {
    const text = JSON.stringify({ ...sampleDocument(), extra: { anything: [1] } });
    expect(readDocument(text)).toEqual({ ok: true, value: sampleDocument() });
  });

  test('a file from before an option was known: the option was off', () => {
    const { problems, ...rest } = sampleDocument();
    const { packed: _packed, ringDevices: _ring, dropout: _dropout, ...older } = problems[0]!;
    const read = readDocument(JSON.stringify({ ...rest, problems: [older] }));
    expect(read).toMatchObject({
      ok: true,
      value: { problems: [{ ...older, packed: null, ringDevices: null, dropout: null }] },
    });
  });

  test('a byte order mark is passed over', () => {
    expect(readDocument(`\ufeff${writeDocument(sampleDocument())}`).ok).toBe(true);
  });
});

describe('counts', () => {
  test('a count is a number as long as a number is exact', () => {
    expect(toCount(2n ** 53n - 1n)).toBe(9_007_199_254_740_991);
    expect(toCount(2n ** 53n)).toBe('9007199254740992');
    expect(toCount(12)).toBe(12);
  });

  test('any count survives', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 39n }), (value) => fromCount(toCount(value)) === value),
    );
  });

  test.each([-1, -1n, 0.5, 2 ** 53, Number.NaN])('%s is no count', (value) => {
    expect(() => toCount(value)).toThrow(RangeError);
  });
});

describe('refusal to write', () => {
  test.each([
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['a negative time', -1],
  ])('%s', (_what, medianMs) => {
    const document = sampleDocument();
    document.runs[0]!.time!.medianMs = medianMs;
    expect(() => writeDocument(document)).toThrow(
      /runs\[0\]\.time\.medianMs: expected a finite number of at least 0/,
    );
  });
});
