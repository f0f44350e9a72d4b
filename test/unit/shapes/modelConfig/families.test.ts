import { describe, expect, test } from 'vitest';
import { readModelConfig } from '../../../../src/shapes/modelConfig/readModelConfig.ts';
import type { LayerGroup, ModelAttention, Tower } from '../../../../src/shapes/modelConfig/types.ts';

function read(config: unknown): ModelAttention {
  const model = readModelConfig(config);
  if (!model.ok) throw new Error(model.error);
  return model.value;
}

const tower = (config: unknown): Tower => read(config).towers[0]!;
const only = (config: unknown): LayerGroup => {
  const { groups } = tower(config);
  expect(groups).toHaveLength(1);
  return groups[0]!;
};
const counts = (config: unknown) =>
  Object.fromEntries(tower(config).groups.map(({ name, count }) => [name, count?.value ?? null]));

const sizes = { hidden_size: 1024, num_attention_heads: 16, num_hidden_layers: 8 };
const grouped = { ...sizes, num_key_value_heads: 4 };

describe('class defaults', () => {
  test('fill in what the file leaves out, and are named as such', () => {
    const group = only({ model_type: 'llama', hidden_size: 2048 });
    expect(group.heads).toMatchObject({ value: 32, basis: 'default', from: 'LlamaConfig', keys: [] });
    expect(group.headDim).toMatchObject({ value: 64, basis: 'derived', restsOnDefault: true });
    expect(group.headDim?.keys).toEqual([['hidden_size']]);
  });

  test('of derived fields are left alone: K/V heads and head dim follow the heads that are given', () => {
    const group = only({ model_type: 'llama', hidden_size: 1024, num_attention_heads: 8 });
    expect([group.kvHeads?.value, group.headDim?.value]).toEqual([8, 128]);
    expect(group.kvHeads).toMatchObject({
      basis: 'derived',
      from: 'as many as heads',
      restsOnDefault: false,
    });
  });

  test('never stand in for what is given and unusable, nor for an explicit null', () => {
    for (const heads of ['32', -4, 2.5, 1e300, true, {}]) {
      const { groups } = tower({ model_type: 'llama', num_attention_heads: heads });
      expect([heads, groups[0]?.heads, groups[0]?.kvHeads, groups[0]?.headDim]).toEqual([
        heads,
        null,
        null,
        null,
      ]);
      expect(groups[0]?.obstacle).toMatch(/^not known: heads/);
    }
    expect(only({ model_type: 'mistral', ...sizes, sliding_window: null }).kind).toBe('full');
    expect(only({ model_type: 'mistral', ...sizes }).window).toMatchObject({ value: 4096, basis: 'default' });
    expect(only({ model_type: 'mistral', ...sizes, num_key_value_heads: null }).kvHeads?.value).toBe(16);
  });

  test('of the nested class are used where a flat file means it, and where the part has no type of its own', () => {
    expect(only({ model_type: 'qwen2_vl', ...sizes }).kvHeads).toMatchObject({ basis: 'default' });
    const model = read({ model_type: 'gemma3', text_config: { hidden_size: 2560, num_hidden_layers: 34 } });
    expect(model.towers[0]?.groups[0]?.heads).toMatchObject({
      value: 8,
      basis: 'default',
      from: 'Gemma3TextConfig',
    });
  });

  test('an unknown model type has none', () => {
    expect(only({ model_type: 'nobody_knows', ...sizes }).headDim?.value).toBe(64);
    expect(readModelConfig({ model_type: 'nobody_knows', hidden_size: 8 }).ok).toBe(false);
  });
});

describe('K/V heads', () => {
  const falcon = { model_type: 'falcon', hidden_size: 4544, num_attention_heads: 71, num_hidden_layers: 32 };
  test.each([
    ['falcon, multi-query whatever num_kv_heads says', { ...falcon, multi_query: true, num_kv_heads: 71 }, 1],
    ['falcon by default', falcon, 1],
    ['falcon without multi-query', { ...falcon, multi_query: false, num_kv_heads: 8 }, 71],
    [
      'falcon, newer architecture',
      {
        ...falcon,
        hidden_size: 8192,
        num_attention_heads: 128,
        new_decoder_architecture: true,
        num_kv_heads: 8,
      },
      8,
    ],
    [
      'gpt_bigcode, multi-query by default',
      { model_type: 'gpt_bigcode', n_head: 12, n_embd: 768, n_layer: 2 },
      1,
    ],
    [
      'gpt_bigcode without multi-query',
      { model_type: 'gpt_bigcode', n_head: 12, n_embd: 768, n_layer: 2, multi_query: false },
      12,
    ],
    [
      'chatglm without groups',
      { ...sizes, model_type: 'chatglm', multi_query_attention: false, multi_query_group_num: 2 },
      16,
    ],
    [
      'dbrx, nested',
      { model_type: 'dbrx', d_model: 6144, n_heads: 48, n_layers: 2, attn_config: { kv_n_heads: 8 } },
      8,
    ],
  ])('%s', (_, config, kvHeads) => {
    expect(only(config).kvHeads?.value).toBe(kvHeads);
  });

  test('a number for each layer makes groups of those that agree', () => {
    const config = {
      model_type: 'openelm',
      model_dim: 1280,
      head_dim: 64,
      num_transformer_layers: 4,
      num_layers: 4,
      num_query_heads: [12, 12, 16, 16],
      num_kv_heads: [3, 3, 4, 4],
    };
    const { groups } = tower(config);
    expect(groups.map(({ heads, kvHeads, count }) => [heads?.value, kvHeads?.value, count?.value])).toEqual([
      [12, 3, 2],
      [16, 4, 2],
    ]);
  });
});

describe('kinds of layers', () => {
  test.each([
    [
      'gemma3, every sixth by its class',
      { model_type: 'gemma3_text', ...grouped, num_hidden_layers: 26 },
      { sliding_attention: 22, full_attention: 4 },
    ],
    [
      'gemma3, older files',
      { model_type: 'gemma3_text', ...grouped, sliding_window_pattern: 2 },
      { sliding_attention: 4, full_attention: 4 },
    ],
    ['cohere2', { model_type: 'cohere2', ...grouped }, { sliding_attention: 6, full_attention: 2 }],
    [
      'modernbert, the first of three',
      { model_type: 'modernbert', ...grouped },
      { full_attention: 3, sliding_attention: 5 },
    ],
    [
      'exaone4, by letters, the last one full',
      {
        model_type: 'exaone4',
        ...grouped,
        num_hidden_layers: 6,
        sliding_window: 4096,
        sliding_window_pattern: 'LLLG',
      },
      { sliding_attention: 4, full_attention: 2 },
    ],
    [
      'qwen2 with windows from a layer on',
      {
        model_type: 'qwen2',
        ...grouped,
        use_sliding_window: true,
        sliding_window: 4096,
        max_window_layers: 6,
      },
      { full_attention: 6, sliding_attention: 2 },
    ],
    [
      'qwen2 with windows switched off',
      { model_type: 'qwen2', ...grouped, use_sliding_window: false, sliding_window: 4096 },
      { full_attention: 8 },
    ],
    [
      'qwen2, off by default',
      { model_type: 'qwen2', ...grouped, sliding_window: 4096 },
      { full_attention: 8 },
    ],
    [
      'llama4, layers without rotary positions',
      { model_type: 'llama4_text', ...grouped, no_rope_layers: [1, 1, 0, 1, 1, 1, 1, 0] },
      { chunked_attention: 6, full_attention: 2 },
    ],
    [
      'qwen3_next with an interval',
      { model_type: 'qwen3_next', ...grouped, full_attention_interval: 2 },
      { linear_attention: 4, full_attention: 4 },
    ],
    [
      'jamba',
      { model_type: 'jamba', ...grouped, attn_layer_period: 4, attn_layer_offset: 1 },
      { mamba: 6, full_attention: 2 },
    ],
    [
      'bamba',
      { model_type: 'bamba', ...grouped, attn_layer_indices: [2, 5] },
      { mamba: 6, full_attention: 2 },
    ],
    [
      'nemotron_h',
      { model_type: 'nemotron_h', ...grouped, hybrid_override_pattern: 'M-M*M-M*' },
      { mamba: 4, mlp: 2, full_attention: 2 },
    ],
    [
      'kimi_linear, from 1',
      {
        model_type: 'kimi_linear',
        ...grouped,
        linear_attn_config: { full_attn_layers: [4, 8], kda_layers: [1, 2, 3, 5, 6, 7] },
      },
      { linear_attention: 6, full_attention: 2 },
    ],
    [
      'minimax, by numbers',
      { model_type: 'minimax_text_01', ...grouped, attn_type_list: [0, 0, 0, 1, 0, 0, 0, 1] },
      { linear_attention: 6, full_attention: 2 },
    ],
    [
      'gpt_neo',
      {
        model_type: 'gpt_neo',
        hidden_size: 768,
        num_heads: 12,
        num_layers: 8,
        attention_types: [[['global', 'local'], 4]],
      },
      { full_attention: 4, sliding_attention: 4 },
    ],
    [
      'recurrent_gemma',
      {
        model_type: 'recurrent_gemma',
        ...grouped,
        attention_window_size: 2048,
        block_types: ['recurrent', 'recurrent', 'attention'],
      },
      { recurrent: 6, sliding_attention: 2 },
    ],
    [
      'mllama',
      { model_type: 'mllama_text_model', ...grouped, cross_attention_layers: [3, 7] },
      { full_attention: 6, cross_attention: 2 },
    ],
    [
      'sparse attention by an index',
      { model_type: 'deepseek_v32', ...grouped, index_topk: 2048 },
      { indexed_attention: 8 },
    ],
  ])('%s', (_, config, expected) => {
    expect(counts(config)).toEqual(expected);
    const { groups } = tower(config);
    for (const { kind, obstacle } of groups) {
      expect(obstacle === null).toBe(kind === 'full' || kind === 'sliding' || kind === 'chunked');
    }
  });

  test('an order that is not known stays unknown, with the number of layers', () => {
    for (const config of [
      { model_type: 'jamba', ...grouped },
      { model_type: 'mimo_v2_flash', ...grouped, hybrid_layer_pattern: [0, 1, 1, 1, 0, 1, 1, 1] },
      { model_type: 'llama', ...grouped, layer_types: ['full_attention'] },
      { model_type: 'nemotron_h', ...grouped, hybrid_override_pattern: 'M*X' },
    ]) {
      expect(only(config)).toMatchObject({ kind: 'other', count: { value: 8 } });
      expect(only(config).obstacle).not.toBeNull();
    }
  });

  test('layers that share the keys and values of others keep no cache of their own', () => {
    const config = { model_type: 'gemma3n_text', ...grouped, num_hidden_layers: 10, num_kv_shared_layers: 4 };
    // Layers 4 and 9 see everything; the last four share.
    expect(tower(config).groups.map(({ name, count, ownCaches }) => [name, count?.value, ownCaches])).toEqual(
      [
        ['sliding_attention', 8, 5],
        ['full_attention', 2, 1],
      ],
    );
  });

  test('gemma4: layers that see everything have wider heads', () => {
    const { groups } = tower({ model_type: 'gemma4_text', ...grouped, head_dim: 256, global_head_dim: 512 });
    expect(groups.map(({ name, headDim, headDimV }) => [name, headDim?.value, headDimV?.value])).toEqual([
      ['sliding_attention', 256, 256],
      ['full_attention', 512, 512],
    ]);
  });
});

describe('masks', () => {
  test.each([
    ['llama', { model_type: 'llama', ...sizes }, true],
    ['bert', { model_type: 'bert', ...sizes }, false],
    ['bert as a decoder', { model_type: 'bert', ...sizes, is_decoder: true }, true],
    ['a decoder turned into an encoder', { model_type: 'qwen2', ...sizes, is_causal: false }, false],
    ['vit', { model_type: 'vit', ...sizes }, false],
    ['unknown, by its architecture', { model_type: 'x', architectures: ['XForCausalLM'], ...sizes }, true],
    ['unknown', { model_type: 'x', ...sizes }, undefined],
  ])('%s', (_, config, causal) => {
    expect(only(config).causal?.value).toBe(causal);
  });

  test('encoder and decoder of one file', () => {
    const model = read({
      model_type: 't5',
      is_encoder_decoder: true,
      d_model: 512,
      num_heads: 8,
      d_kv: 64,
      num_layers: 6,
      num_decoder_layers: 4,
    });
    expect(
      model.towers.map(({ role, layers, groups }) => [
        role,
        layers?.value,
        groups.map(({ kind, causal }) => [kind, causal?.value]),
      ]),
    ).toEqual([
      ['encoder', 6, [['full', false]]],
      [
        'decoder',
        4,
        [
          ['full', true],
          ['cross', false],
        ],
      ],
    ]);
  });

  test('softcap, slopes and sinks', () => {
    expect(only({ model_type: 'bloom', n_head: 8, hidden_size: 64, n_layer: 2 }).alibi?.value).toBe(true);
    expect(
      only({ model_type: 'mpt', d_model: 64, n_heads: 8, n_layers: 2, attn_config: { alibi: false } }).alibi
        ?.value,
    ).toBe(false);
    expect(
      tower({ model_type: 'gemma2', ...sizes, attn_logit_softcapping: 50 }).groups[0]?.softcap?.value,
    ).toBe(50);
    expect(tower({ model_type: 'gpt_oss', ...sizes }).groups[0]?.sinks?.value).toBe(true);
  });
});

test('parts of a model that sees and hears', () => {
  const model = read({
    model_type: 'qwen2_5_omni',
    thinker_config: {
      model_type: 'qwen2_5_omni_thinker',
      text_config: { model_type: 'qwen2_5_omni_text', ...sizes },
      vision_config: {
        model_type: 'qwen2_5_omni_vision_encoder',
        depth: 2,
        num_heads: 16,
        hidden_size: 1280,
      },
      audio_config: {
        model_type: 'qwen2_5_omni_audio_encoder',
        encoder_layers: 3,
        encoder_attention_heads: 20,
        d_model: 1280,
      },
    },
  });
  expect(model.towers.map(({ role, path, layers }) => [role, path.join('.'), layers?.value])).toEqual([
    ['text', 'thinker_config.text_config', 8],
    ['vision', 'thinker_config.vision_config', 2],
    ['audio', 'thinker_config.audio_config', 3],
  ]);
});

test('names that look like an image encoder and are none', () => {
  const text = { model_type: 'granite4_vision_text', ...sizes };
  for (const config of [text, { model_type: 'granite4_vision', text_config: text }]) {
    const [only] = read(config).towers;
    expect([only?.role, only?.groups[0]?.causal?.value]).toEqual(['text', true]);
  }
  expect(tower({ model_type: 'vits', ...sizes }).role).toBe('text');
  expect(tower({ model_type: 'pixtral', ...sizes })).toMatchObject({ role: 'vision', cached: false });
});

test('the patches of an image', () => {
  const vit = tower({ model_type: 'vit', ...sizes, image_size: 224, patch_size: 16 });
  expect(vit.seqLen).toMatchObject({ value: 196, basis: 'derived' });
});
