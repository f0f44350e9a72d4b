import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { configSites, longestConfig } from '../../../../src/shapes/modelConfig/configSites.ts';
import { keyAt, keyPositions, positionsByPath } from '../../../../src/shapes/modelConfig/keyPositions.ts';

/** Keys of objects that no array holds, with their values. */
function* entries(value: unknown, path: string[] = []): Generator<[string[], unknown]> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    yield [[...path, key], inner];
    yield* entries(inner, [...path, key]);
  }
}

describe('positions of keys', () => {
  test('of any JSON, in any layout: each key stands there, and so does its value', () => {
    const json = fc.jsonValue({ maxDepth: 5 }).filter((value) => JSON.stringify(value) !== '-0');
    fc.assert(
      fc.property(json, fc.constantFrom('', ' ', '\t', '\r\n  '), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        const found = keyPositions(text);
        expect(found.map(({ path }) => path)).toEqual([...entries(JSON.parse(text))].map(([path]) => path));
        for (const [path, inner] of entries(JSON.parse(text))) {
          const position = positionsByPath(found)(path)!;
          expect(JSON.parse(text.slice(position.start, position.end))).toBe(path.at(-1));
          const after = text.slice(position.end, position.valueEnd);
          expect(JSON.parse(after.slice(after.indexOf(':') + 1))).toEqual(inner);
          expect(keyAt(found, position.start + 1)).toBe(position);
        }
      }),
    );
  });

  test('of any text, without an exception', () => {
    const pieces = fc.array(
      fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '"a"', '\\', '1', ' ', '\n', 'x'),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          pieces.map((parts) => parts.join('')),
        ),
        (text) => {
          for (const { start, end, valueEnd } of keyPositions(text)) {
            expect(start < end && end <= valueEnd && valueEnd <= text.length).toBe(true);
          }
        },
      ),
    );
  });

  test('of deep and long texts in time', () => {
    const started = performance.now();
    keyPositions('{"a":'.repeat(100_000));
    keyPositions(`{${'"key": [1, 2, 3],\n'.repeat(50_000)}"last": 1}`);
    keyPositions(`"${'\\'.repeat(1_000_000)}`);
    keyPositions('"'.repeat(1_000_001));
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('sites of a configuration', () => {
  const text = [
    '{',
    '  "model_type": "gemma3",',
    '  "text_config": {',
    '    "model_type": "gemma3_text",',
    '    "hidden_size": 2560,',
    '    "num_hidden_layers": 34,',
    '    "num_attention_heads": 8,',
    '    "sliding_window": 1024',
    '  },',
    '  "torch_dtype": "bfloat16"',
    '}',
  ].join('\n');

  test('one for each group of layers, with lines from 1, bases and evidence', () => {
    const sites = configSites('config.json', text);
    if (!sites.ok) throw new Error(sites.error);
    expect(sites.value).toHaveLength(2);
    expect(sites.value[0]).toEqual({
      file: 'config.json',
      line: 7,
      column: 5,
      api: 'config',
      problem: {
        batch: null,
        heads: 8,
        kvHeads: 4,
        seqLenQ: null,
        seqLenKv: null,
        headDim: 256,
        headDimV: 256,
        dtype: 'bf16',
        causal: 'bottom-right',
        window: [1023, null],
        softcap: null,
        alibi: null,
        sinks: null,
      },
      symbols: { batch: 'batch', seqLenQ: 'seqLen', seqLenKv: 'seqLen' },
      basis: {
        heads: 'config',
        kvHeads: 'default',
        headDim: 'default',
        headDimV: 'default',
        dtype: 'config',
        causal: 'config',
        window: 'config',
      },
      evidence: [
        { line: 6, text: '"num_hidden_layers": 34,', kind: 'config' },
        { line: 7, text: '"num_attention_heads": 8,', kind: 'config' },
        { line: 8, text: '"sliding_window": 1024', kind: 'config' },
        { line: 10, text: '"torch_dtype": "bfloat16"', kind: 'config' },
      ],
      layers: { tower: 'text', name: 'sliding_attention', kind: 'sliding', count: 29, obstacle: null },
    });
    expect(sites.value[1]).toMatchObject({ problem: { window: null }, layers: { kind: 'full', count: 5 } });
  });

  test('what is no configuration is one line', () => {
    for (const bad of ['', '{', '[]', '3', '{"a": 1}', `"${'x'.repeat(longestConfig)}"`]) {
      const sites = configSites('some.json', bad);
      expect(sites).toMatchObject({ ok: false, error: expect.stringMatching(/^some\.json: [^\n]+$/) });
    }
  });
});
