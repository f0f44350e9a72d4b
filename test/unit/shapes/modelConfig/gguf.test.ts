import { describe, expect, test } from 'vitest';
import { isModelConfig, readModelConfig } from '../../../../src/shapes/modelConfig/readModelConfig.ts';
import type { ModelAttention } from '../../../../src/shapes/modelConfig/types.ts';

function read(config: unknown): ModelAttention {
  const model = readModelConfig(config);
  if (!model.ok) throw new Error(model.error);
  return model.value;
}

const llama = {
  'general.architecture': 'llama',
  'llama.block_count': 32,
  'llama.context_length': 8192,
  'llama.embedding_length': 4096,
  'llama.attention.head_count': 32,
  'llama.attention.head_count_kv': 8,
};

/** As gguf-dump writes it: every value with its type. */
function dumped(flat: Record<string, unknown>) {
  return {
    filename: 'model.gguf',
    metadata: Object.fromEntries(
      Object.entries(flat).map(([key, value], index) => [key, { index, type: 'UINT32', value }]),
    ),
  };
}

describe('GGUF metadata', () => {
  test('heads, K/V heads, width and length, with the keys that they stand under', () => {
    const model = read(llama);
    const [tower] = model.towers;
    expect(model).toMatchObject({ format: 'gguf', modelType: 'llama', configClass: null });
    expect(tower?.maxSeqLen?.value).toBe(8192);
    expect(tower?.groups).toHaveLength(1);
    expect(tower?.groups[0]).toMatchObject({
      heads: { value: 32, basis: 'config', keys: [['llama.attention.head_count']] },
      kvHeads: { value: 8, keys: [['llama.attention.head_count_kv']] },
      headDim: { value: 128, basis: 'derived', restsOnDefault: false },
      count: { value: 32 },
      causal: { value: true },
      obstacle: null,
    });
  });

  test('the same as gguf-dump and the Hub nest it', () => {
    const [flat] = read(llama).towers;
    for (const [nested, path] of [
      [dumped(llama), 'metadata'],
      [{ gguf: llama }, 'gguf'],
    ] as const) {
      const [group] = read(nested).towers[0]!.groups;
      expect(group?.heads?.keys).toEqual([[path, 'llama.attention.head_count']]);
      expect([group?.kvHeads?.value, group?.headDim?.value]).toEqual([8, 128]);
      expect(flat?.groups[0]?.kvHeads?.value).toBe(8);
      expect(isModelConfig(nested)).toBe(true);
    }
  });

  test('key and value lengths of their own', () => {
    const [group] = read({ ...llama, 'llama.attention.key_length': 96, 'llama.attention.value_length': 64 })
      .towers[0]!.groups;
    expect([group?.headDim?.value, group?.headDimV?.value]).toEqual([96, 64]);
  });

  test.each([
    ['older files', { key_length: 192, value_length: 128, head_count_kv: 128 }],
    [
      'newer files, whose plain lengths are of the latent form',
      { key_length: 576, value_length: 512, head_count_kv: 1, key_length_mla: 192, value_length_mla: 128 },
    ],
  ])('latent attention, %s', (_, lengths) => {
    const given = Object.fromEntries(
      Object.entries({ head_count: 128, kv_lora_rank: 512, ...lengths }).map(([key, value]) => [
        `deepseek2.attention.${key}`,
        value,
      ]),
    );
    const [group] = read({
      'general.architecture': 'deepseek2',
      'deepseek2.block_count': 61,
      'deepseek2.embedding_length': 7168,
      'deepseek2.rope.dimension_count': 64,
      ...given,
    }).towers[0]!.groups;
    expect(group?.latent).toMatchObject({ kvLoraRank: { value: 512 }, qkRopeHeadDim: { value: 64 } });
    expect(
      [group?.heads, group?.kvHeads, group?.headDim, group?.headDimV].map((field) => field?.value),
    ).toEqual([128, 128, 192, 128]);
  });

  test('windows by the rule of the architecture, by flags, and layers without attention', () => {
    const counts = (config: object) =>
      read(config).towers[0]!.groups.map(({ name, count, window }) => [
        name,
        count?.value,
        window?.value ?? null,
      ]);
    const gemma = Object.fromEntries(
      Object.entries(llama).map(([key, value]) => [key.replace('llama', 'gemma3'), value]),
    );
    expect(
      counts({ ...gemma, 'general.architecture': 'gemma3', 'gemma3.attention.sliding_window': 1024 }),
    ).toEqual([
      ['sliding_attention', 27, 1024],
      ['full_attention', 5, null],
    ]);
    const flags = Array.from({ length: 32 }, (_, layer) => layer % 4 !== 3);
    expect(
      counts({
        ...llama,
        'llama.attention.sliding_window': 512,
        'llama.attention.sliding_window_pattern': flags,
      }),
    ).toEqual([
      ['sliding_attention', 24, 512],
      ['full_attention', 8, null],
    ]);
    const hybrid = Array.from({ length: 32 }, (_, layer) => (layer % 8 === 7 ? 8 : 0));
    expect(counts({ ...llama, 'llama.attention.head_count_kv': hybrid })).toEqual([
      ['no_attention', 28, null],
      ['full_attention', 4, null],
    ]);
  });

  test('encoders see both sides', () => {
    const bert = Object.fromEntries(
      Object.entries(llama).map(([key, value]) => [key.replace('llama', 'bert'), value]),
    );
    const model = read({ ...bert, 'general.architecture': 'bert' });
    expect(model.towers[0]?.groups[0]?.causal?.value).toBe(false);
  });

  test('nothing is filled in: no heads, no answer', () => {
    const { 'llama.attention.head_count': _, ...headless } = llama;
    expect(readModelConfig(headless)).toEqual({
      ok: false,
      error: 'no llama.attention.head_count in this metadata',
    });
  });
});
