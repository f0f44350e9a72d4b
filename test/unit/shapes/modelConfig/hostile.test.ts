import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findAlgorithm } from '../../../../src/attention/catalogue.ts';
import { guaranteedLimits } from '../../../../src/attention/limits.ts';
import { configSites } from '../../../../src/shapes/modelConfig/configSites.ts';
import { configOfKeywords } from '../../../../src/shapes/modelConfig/keywords.ts';
import { modelCost } from '../../../../src/shapes/modelConfig/modelCost.ts';
import { modelDefaults } from '../../../../src/shapes/modelConfig/modelDefaults.ts';
import { names } from '../../../../src/shapes/modelConfig/names.ts';
import { isModelConfig, readModelConfig } from '../../../../src/shapes/modelConfig/readModelConfig.ts';

const rows = [findAlgorithm('standard')!, findAlgorithm('flash2')!];

/** Reads and costs whatever it is given; fails by throwing. */
function useAll(json: unknown): void {
  isModelConfig(json);
  const model = readModelConfig(json);
  if (!model.ok) {
    expect(model.error).toMatch(/^[^\n]+$/);
    return;
  }
  expect(model.value.towers.length).toBeLessThanOrEqual(20);
  for (const phase of ['prefill', 'decode'] as const) {
    for (const { layers, total } of modelCost(model.value, {
      phase,
      batch: 1,
      seqLen: 777,
      rows,
      limits: guaranteedLimits,
    })) {
      for (const { flops, bound } of layers) {
        expect(flops.value).toBeGreaterThan(0n);
        expect(bound.bytes).toBeGreaterThan(0n);
      }
      expect(total.cache.bytes === null || total.cache.bytes >= 0).toBe(true);
    }
  }
}

const types = modelDefaults
  .split('\n')
  .flatMap((line) => line.split('|', 1))
  .filter((type) => type !== '');

const odd: fc.Arbitrary<unknown> = fc.oneof(
  fc.integer({ min: 1, max: 300 }),
  fc.constantFrom(0, -1, 1.5, 2 ** 31 - 1, 2 ** 53, 1e308, Number.NaN, true, false, null, '', '64', 'x'),
  fc.array(fc.constantFrom(0, 1, 8, 'full_attention', 'sliding_attention', 'mamba', null, '__proto__'), {
    maxLength: 12,
  }),
  fc.constant({ full_attn_layers: [1], kv_n_heads: 2 }),
);

const keys = fc.constantFrom(
  ...new Set([
    ...Object.values(names).flat(),
    ...[...modelDefaults.matchAll(/[| ]([a-z_]+)=/g)].map((match) => match[1]!),
    'layer_types',
    'attention_types',
    'block_types',
    'hybrid_override_pattern',
    'cross_attention_layers',
    'no_rope_layers',
    'linear_attn_config',
    'attn_config',
    'num_kv_shared_layers',
    'architectures',
    'is_encoder_decoder',
    'is_causal',
    'use_mla',
    '__proto__',
    'constructor',
    'toString',
  ]),
);

/** A configuration with parts in it, `depth` levels deep. */
function configs(depth: number): fc.Arbitrary<Record<string, unknown>> {
  const part = fc.constantFrom('text_config', 'vision_config', 'audio_config', 'encoder', 'x_config');
  const nested =
    depth === 0 ? fc.constant([]) : fc.array(fc.tuple(part, configs(depth - 1)), { maxLength: 2 });
  const type = fc.oneof(fc.constantFrom(...types), fc.constantFrom(null, 3, 'x|y', '(', '__proto__'));
  return fc
    .tuple(type, fc.array(fc.tuple(keys, odd), { maxLength: 12 }), nested)
    .map(([model_type, fields, parts]) =>
      Object.fromEntries([['model_type', model_type], ...fields, ...parts]),
    );
}

test('any values under the keys that count', () => {
  fc.assert(fc.property(configs(2), useAll), { numRuns: 1500 });
});

test('any JSON at all', () => {
  fc.assert(fc.property(fc.jsonValue(), useAll));
  fc.assert(fc.property(fc.anything(), useAll));
});

test('any GGUF metadata', () => {
  const key = fc.constantFrom(
    ...[
      'block_count',
      'embedding_length',
      'attention.head_count',
      'attention.head_count_kv',
      'attention.key_length',
    ],
    ...[
      'attention.sliding_window',
      'attention.sliding_window_pattern',
      'attention.kv_lora_rank',
      'rope.dimension_count',
    ],
  );
  const metadata = fc
    .tuple(fc.constantFrom('llama', 'gemma3', 'deepseek2', 'x'), fc.array(fc.tuple(key, odd)))
    .map(([architecture, pairs]) =>
      Object.fromEntries([
        ['general.architecture', architecture],
        ...pairs.map(([name, value]) => [`${architecture}.${name}`, value]),
      ]),
    );
  fc.assert(fc.property(metadata, useAll));
});

test('every class with its defaults alone', () => {
  for (const line of modelDefaults.split('\n')) {
    const [type, configClass] = line.split('|');
    if (!configClass) continue;
    useAll({ model_type: type });
    expect(() => configOfKeywords(configClass, {})).not.toThrow();
  }
});

test('deep nesting, many parts and many layers end quickly', () => {
  const started = performance.now();
  let deep: Record<string, unknown> = { num_attention_heads: 8, hidden_size: 64, num_hidden_layers: 2 };
  for (let depth = 0; depth < 10_000; depth++) deep = { text_config: deep };
  useAll(deep);
  const part = { num_attention_heads: 8, hidden_size: 64, num_hidden_layers: 10_000 };
  useAll(Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`part${index}_config`, part])));
  useAll({ ...part, num_hidden_layers: 2 ** 31 - 1 });
  useAll({ ...part, sliding_window_pattern: 'L'.repeat(1_000_000) });
  useAll({ ...part, attention_types: [[['global', 'local'], 2 ** 31 - 1]] });
  expect(performance.now() - started).toBeLessThan(3000);
});

test('any text as a file', () => {
  const sample = readFileSync(join(import.meta.dirname, '../../fixtures/modelConfigs.json'), 'utf8').slice(
    0,
    2000,
  );
  const cut = fc.integer({ min: 0, max: sample.length }).map((length) => sample.slice(0, length));
  fc.assert(fc.property(fc.oneof(fc.string(), cut, fc.json()), (text) => void configSites('x.json', text)));
});
