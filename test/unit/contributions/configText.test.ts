import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findAlgorithm } from '../../../src/attention/catalogue.ts';
import { guaranteedLimits } from '../../../src/attention/limits.ts';
import { formatBytes, formatFlops } from '../../../src/attention/units.ts';
import { configText } from '../../../src/editor/configText.ts';
import { towerCost } from '../../../src/shapes/modelConfig/modelCost.ts';
import { readModelConfig } from '../../../src/shapes/modelConfig/readModelConfig.ts';
import type { ModelAttention } from '../../../src/shapes/modelConfig/types.ts';

const rows = {
  prefill: [findAlgorithm('standard')!, findAlgorithm('flash2')!],
  decode: [findAlgorithm('standard')!, findAlgorithm('flash-decoding')!],
};
const seqLens = [2048, 8192, 32_768];

function read(config: unknown): ModelAttention {
  const model = readModelConfig(config);
  if (!model.ok) throw new Error(model.error);
  return model.value;
}

function sample(name: string): ModelAttention {
  const file = join(import.meta.dirname, '../../workspace/configs', name);
  return read(JSON.parse(readFileSync(file, 'utf8')));
}

function text(model: ModelAttention, tower = model.towers[0]!): string {
  return configText({
    model,
    tower,
    seqLens,
    rows,
    limits: guaranteedLimits,
    limitsOf: "WebGPU's guaranteed limits",
    link: ({ layer }, phase) => `[${phase} ${layer.problem.seqLenQ} x ${layer.problem.seqLenKv}](command:x)`,
  });
}

describe('the hover on a model configuration', () => {
  const llama = sample('grouped-query/config.json');

  test('says what the layers are', () => {
    expect(text(llama)).toContain('**Attention** llama · layers 32 · longest 8,192 · bfloat16');
    expect(text(llama)).toContain(
      '32 × full\\_attention: heads 32 · K/V heads 8 · head dim 128 *(hidden\\_size / num\\_attention\\_heads)* · causal',
    );
  });

  test('names class defaults as such', () => {
    const windows = text(sample('windows/config.json'));
    expect(windows).toContain('K/V heads 4 *(default of Gemma3TextConfig)*');
    expect(windows).toContain('window 1,024');
  });

  test('its numbers are those of the cost model, each in a row that names its provenance', () => {
    const tables = text(llama).split('\n\n');
    const cell = (table: string, title: string, column: number) =>
      tables
        .find((each) => each.startsWith(`| **${table}**`))
        ?.split('\n')
        .find((line) => line.startsWith(`| ${title} |`))
        ?.split('|')
        [column + 2]?.trim();
    for (const [column, seqLen] of seqLens.entries()) {
      for (const phase of ['prefill', 'decode'] as const) {
        const options = { phase, batch: 1, seqLen, rows: rows[phase], limits: guaranteedLimits };
        const cost = towerCost(llama.towers[0]!, llama.format, options);
        const [layer] = cost.layers;
        const name = phase === 'prefill' ? 'Prefill' : 'Decode a token';
        const shown = (table: string, title: string) => cell(table, `${name}: ${title}`, column);
        expect(shown('One layer', 'arithmetic (exact)')).toBe(formatFlops(layer?.flops.value));
        expect(shown('One layer', 'HBM bytes (bound)')).toBe(formatBytes(layer?.bound.bytes));
        const { id } = rows[phase][1]!;
        expect(shown('One layer', `HBM bytes, ${id} (exact)`)).toBe(formatBytes(layer?.traffic[1]?.bytes));
        expect(shown('All 32 layers', `HBM bytes, ${id} (exact)`)).toBe(
          formatBytes(cost.total.traffic[1]?.bytes),
        );
        expect(shown('All 32 layers', 'arithmetic (exact)')).toBe(formatFlops(cost.total.flops.value));
      }
    }
    // 2 K/V tensors x 8 heads x 128 x 2 bytes x 32 layers x 2,048 tokens.
    expect(cell('All 32 layers', 'K/V cache (modelled)', 0)).toBe(formatBytes(2 * 8 * 128 * 2 * 32 * 2048));
  });

  test('every row with numbers has its provenance in its name', () => {
    for (const name of ['grouped-query', 'windows', 'latent', 'hybrid', 'encoder-decoder', 'multi-query']) {
      const model = sample(`${name}/config.json`);
      for (const tower of model.towers) {
        const tables = text(model, tower)
          .split('\n')
          .filter((line) => line.startsWith('|'));
        const numbers = tables.filter((line) => !/^\| \*\*|^\|:--/.test(line));
        for (const line of numbers) expect(line).toMatch(/^\| [^|]*\((exact|bound|modelled)\) \|/);
        for (const line of tables) expect(line.split('|').length).toBe(tables[0]!.split('|').length);
      }
    }
  });

  test('one link for a whole sequence and one for a decode step, where there is one', () => {
    expect(text(llama)).toContain('[prefill 2048 x 2048](command:x) · [decode 1 x 2048](command:x)');
    // The latent form of decoding is wider than the kernels.
    expect(text(sample('latent/config.json'))).not.toContain('[decode');
  });

  test('says what has no cost, and why', () => {
    const hybrid = text(sample('hybrid/config.json'));
    expect(hybrid).toMatch(/36 × linear\\_attention: \*not costed, /);
    expect(hybrid).toContain('**All 12 layers**');
    expect(text(sample('latent/config.json'))).toContain('head dim 576 is wider than the kernels have');
  });

  test('lengths beyond what the model is made for are named', () => {
    expect(text(llama)).toContain('32,768 tokens are beyond the 8,192 that the model is made for.');
  });

  test('a tower with a length of its own has one column and no decoding', () => {
    const model = sample('windows/config.json');
    const vision = text(
      model,
      model.towers.find(({ role }) => role === 'vision'),
    );
    expect(vision).toContain('| **All 27 layers** | &emsp;4,096 tokens |');
    expect(vision).toContain('| Whole sequence: arithmetic (exact) |');
    expect(vision).not.toContain('Decode');
  });

  test('names from the file are harmless in Markdown', () => {
    const evil = '](command:x) <img src=x> `|`\n# **';
    const model = read({
      model_type: evil,
      hidden_size: 64,
      num_attention_heads: 2,
      num_hidden_layers: 2,
      dtype: evil,
      layer_types: [evil, 'full_attention'],
    });
    const shown = text(model);
    expect(shown).not.toMatch(/(?<!\\)<img/);
    expect(shown).not.toMatch(/(?<!\\)\]\(command:x\) /);
    expect(shown.split('\n').some((line) => line.startsWith('#'))).toBe(false);
  });

  test('takes a few milliseconds', () => {
    const model = sample('windows/config.json');
    text(model);
    const times = Array.from({ length: 20 }, () => {
      const started = performance.now();
      text(model);
      return performance.now() - started;
    });
    expect(times.sort((a, b) => a - b)[10]).toBeLessThan(50);
  });
});
