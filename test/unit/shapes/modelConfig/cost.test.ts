import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { catalogue, chooseTiling, findAlgorithm } from '../../../../src/attention/catalogue.ts';
import { boundTraffic } from '../../../../src/attention/cost/bound.ts';
import { guaranteedLimits } from '../../../../src/attention/limits.ts';
import { checkOptions } from '../../../../src/attention/options.ts';
import { type ModelCostOptions, modelCost } from '../../../../src/shapes/modelConfig/modelCost.ts';
import { layerProblem } from '../../../../src/shapes/modelConfig/problems.ts';
import { readModelConfig } from '../../../../src/shapes/modelConfig/readModelConfig.ts';
import type { ModelAttention } from '../../../../src/shapes/modelConfig/types.ts';

function read(config: unknown): ModelAttention {
  const model = readModelConfig(config);
  if (!model.ok) throw new Error(model.error);
  return model.value;
}

const rows = [findAlgorithm('standard')!, findAlgorithm('flash2')!];

function cost(config: unknown, options: Partial<ModelCostOptions>) {
  const model = read(config);
  const [tower] = modelCost(model, {
    phase: 'prefill',
    batch: 1,
    seqLen: 64,
    rows,
    limits: guaranteedLimits,
    ...options,
  });
  return tower!;
}

const llama405 = {
  model_type: 'llama',
  hidden_size: 16384,
  num_attention_heads: 128,
  num_key_value_heads: 8,
  num_hidden_layers: 126,
  torch_dtype: 'bfloat16',
};
const qwen72 = {
  model_type: 'qwen2',
  hidden_size: 8192,
  num_attention_heads: 64,
  num_key_value_heads: 8,
  num_hidden_layers: 80,
  torch_dtype: 'bfloat16',
};
const deepseek = {
  model_type: 'deepseek_v3',
  num_attention_heads: 128,
  num_hidden_layers: 61,
  kv_lora_rank: 512,
  qk_rope_head_dim: 64,
  qk_nope_head_dim: 128,
  v_head_dim: 128,
  torch_dtype: 'bfloat16',
};

describe('the cache of keys and values', () => {
  // DeepSeek-AI 2025, "Insights into DeepSeek-V3" (arXiv 2505.09343), Table 1: KB per token, BF16.
  test.each([
    ['DeepSeek-V3', deepseek, 70.272],
    ['Qwen-2.5 72B', qwen72, 327.68],
    ['LLaMA-3.1 405B', llama405, 516.096],
  ])('%s: as published', (_, config, kilobytes) => {
    for (const phase of ['prefill', 'decode'] as const) {
      const { total } = cost(config, { phase, seqLen: 1000, batch: 3 });
      expect(total.cache).toEqual({
        provenance: 'modelled',
        bytesPerToken: kilobytes * 1000,
        bytes: kilobytes * 1000 * 1000 * 3,
      });
    }
  });

  test('layers with a window keep no more than the window', () => {
    const config = {
      model_type: 'gpt_oss',
      num_hidden_layers: 4,
      num_attention_heads: 64,
      num_key_value_heads: 8,
      head_dim: 64,
      sliding_window: 128,
      dtype: 'bfloat16',
    };
    const layer = (tokens: number) => 2 * 8 * 64 * 2 * tokens;
    expect(cost(config, { seqLen: 1000 }).total.cache.bytes).toBe(2 * layer(128) + 2 * layer(1000));
    expect(cost(config, { seqLen: 100 }).total.cache.bytes).toBe(4 * layer(100));
  });

  test('layers that share keys and values are counted once', () => {
    const config = {
      model_type: 'gemma3n_text',
      num_hidden_layers: 10,
      num_kv_shared_layers: 4,
      num_attention_heads: 8,
      num_key_value_heads: 2,
      head_dim: 256,
      sliding_window: 16,
      dtype: 'float16',
    };
    const layer = (tokens: number) => 2 * 2 * 256 * 2 * tokens;
    expect(cost(config, { seqLen: 100 }).total.cache.bytes).toBe(5 * layer(16) + layer(100));
  });

  test('encoders keep none', () => {
    const bert = cost({ model_type: 'bert' }, {});
    expect(bert.layers[0]?.cache).toBeNull();
    expect(bert.total.cache.bytes).toBeNull();
    expect(
      modelCost(read({ model_type: 'bert' }), {
        phase: 'decode',
        batch: 1,
        seqLen: 8,
        rows,
        limits: guaranteedLimits,
      }),
    ).toEqual([]);
  });
});

/** Counts pairs one by one, by what the kinds of layers mean. */
function pairs(kind: string, seqLen: number, width: number, causal: boolean): number {
  let count = 0;
  for (let query = 0; query < seqLen; query++) {
    for (let key = 0; key < seqLen; key++) {
      if (causal && key > query) continue;
      if (kind === 'sliding' && causal && query - key >= width) continue;
      if (kind === 'sliding' && !causal && Math.abs(query - key) > Math.floor(width / 2)) continue;
      if (kind === 'chunked' && Math.floor(query / width) !== Math.floor(key / width)) continue;
      count++;
    }
  }
  return count;
}

const kinds = ['full', 'sliding', 'chunked'] as const;

/** A model of one kind of layers, of any sizes. */
const models = fc
  .record({
    kind: fc.constantFrom(...kinds),
    causal: fc.boolean(),
    kvHeads: fc.integer({ min: 1, max: 3 }),
    group: fc.integer({ min: 1, max: 3 }),
    headDim: fc.integer({ min: 1, max: 40 }),
    width: fc.integer({ min: 1, max: 50 }),
    layers: fc.integer({ min: 1, max: 7 }),
    seqLen: fc.integer({ min: 1, max: 45 }),
    batch: fc.integer({ min: 1, max: 3 }),
    dtype: fc.constantFrom('float32', 'float16', 'bfloat16'),
  })
  .map((sizes) => ({
    ...sizes,
    config: {
      model_type: 'anything',
      is_causal: sizes.causal,
      num_hidden_layers: sizes.layers,
      num_attention_heads: sizes.kvHeads * sizes.group,
      num_key_value_heads: sizes.kvHeads,
      head_dim: sizes.headDim,
      dtype: sizes.dtype,
      sliding_window: sizes.width,
      attention_chunk_size: sizes.width,
      layer_types: Array.from({ length: sizes.layers }, () => `${sizes.kind}_attention`),
    },
  }));

describe('prefill', () => {
  test('FLOPs are those of the pairs that the layers see, counted one by one', () => {
    fc.assert(
      fc.property(models, ({ config, kind, causal, width, seqLen, batch, headDim, layers }) => {
        const tower = cost(config, { seqLen, batch });
        const heads = config.num_attention_heads;
        const expected = BigInt(4 * headDim * heads * batch * pairs(kind, seqLen, width, causal));
        expect(tower.left).toEqual([]);
        expect(tower.layers[0]?.flops).toEqual({ provenance: 'exact', value: expected });
        expect(tower.total.flops.value).toBe(expected * BigInt(layers));
        expect(tower.total.costedLayers).toBe(layers);
      }),
    );
  });

  test('every algorithm has the traffic of its own cost function, and no less than the bound', () => {
    fc.assert(
      fc.property(models, ({ config, seqLen, batch, layers }) => {
        const tower = cost(config, { seqLen, batch, rows: catalogue });
        const { layer, traffic, bound } = tower.layers[0]!;
        expect(checkOptions(layer.problem).ok).toBe(true);
        expect(bound).toMatchObject({ provenance: 'bound' });
        for (const [index, { id, bytes, reason }] of traffic.entries()) {
          if (bytes === null) {
            expect(reason).not.toBeNull();
            continue;
          }
          const row = findAlgorithm(id)!;
          const tiling = chooseTiling(row, layer.problem, guaranteedLimits);
          if (!tiling.ok) throw new Error(tiling.error);
          const own = row.forward.cost(layer.problem, tiling.value).traffic;
          expect(bytes).toBe((own.readBytes + own.writeBytes) * BigInt(layer.times));
          // 16-bit rows are padded to whole words in the bound as well.
          if (id === 'standard' || id === 'flash2') expect(bytes).toBeGreaterThanOrEqual(bound.bytes);
          expect(tower.total.traffic[index]).toEqual({
            id,
            provenance: 'exact',
            bytes: bytes * BigInt(layers),
          });
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('decode', () => {
  test('one query sees the keys of its window, or of its chunk', () => {
    fc.assert(
      fc.property(models, ({ config, kind, causal, width, seqLen, batch, headDim }) => {
        const model = read(config);
        const options = { phase: 'decode', batch, seqLen, rows, limits: guaranteedLimits } as const;
        if (!causal) {
          expect(modelCost(model, options)).toEqual([]);
          return;
        }
        const [tower] = modelCost(model, options);
        const last = Array.from({ length: seqLen }, (_, key) => key).filter((key) => {
          if (kind === 'sliding') return seqLen - 1 - key < width;
          return kind !== 'chunked' || Math.floor(key / width) === Math.floor((seqLen - 1) / width);
        });
        const flops = BigInt(4 * headDim * config.num_attention_heads * batch * last.length);
        expect(tower?.layers[0]?.flops.value).toBe(flops);
        expect(tower?.layers[0]?.layer.problem).toMatchObject({ seqLenQ: 1, seqLenKv: last.length });
      }),
    );
  });

  test('latent attention reads the latent once, for keys and values of all heads', () => {
    const seqLen = 5000;
    const [layer] = cost(deepseek, { phase: 'decode', seqLen }).layers;
    expect(layer?.layer.problem).toMatchObject({ heads: 128, kvHeads: 1, headDim: 576, headDimV: 512 });
    // Q and O of 128 heads, and 576 elements for each token of the context.
    expect(layer?.bound.bytes).toBe(BigInt(2 * (128 * 576 + 128 * 512 + seqLen * 576)));
    expect(layer?.flops.value).toBe(BigInt(2 * 128 * seqLen * (576 + 512)));
    expect(layer?.traffic.every(({ bytes, reason }) => bytes === null && reason?.includes('576'))).toBe(true);
  });

  test('prefill unfolds it to keys and values of every head', () => {
    const [layer] = cost(deepseek, { seqLen: 48 }).layers;
    expect(layer?.layer.problem).toMatchObject({ heads: 128, kvHeads: 128, headDim: 192, headDimV: 128 });
    const bound = boundTraffic(layer!.layer.problem);
    expect(layer?.bound.bytes).toBe(bound.readBytes + bound.writeBytes);
  });
});

test('what had to be assumed is said', () => {
  const sizes = { hidden_size: 64, num_attention_heads: 4, num_hidden_layers: 1 };
  expect(cost({ model_type: 'x', ...sizes }, {}).assumptions).toEqual([
    'bf16 assumed',
    'causal mask assumed',
  ]);
  expect(cost({ model_type: 'llama', ...sizes, torch_dtype: 'fp8' }, {}).assumptions).toEqual([
    'fp8 taken as bf16',
  ]);
  expect(cost({ model_type: 'llama', ...sizes, torch_dtype: 'torch.float16' }, {})).toMatchObject({
    dtype: 'f16',
    assumptions: [],
  });
});

test('layers that are not softmax attention are left out by name, and the sum says over how many it goes', () => {
  const config = { model_type: 'qwen3_next', num_hidden_layers: 48, torch_dtype: 'bfloat16' };
  const tower = cost(config, {});
  expect(tower.total.costedLayers).toBe(12);
  expect(tower.left.map(({ group }) => [group.name, group.count?.value])).toEqual([['linear_attention', 36]]);
});

test('no sum over layers whose number is not known', () => {
  const tower = cost({ num_attention_heads: 4, head_dim: 64 }, {});
  expect(tower.layers[0]?.flops.value).toBeGreaterThan(0n);
  expect(tower.total).toMatchObject({ costedLayers: null, flops: { value: null }, cache: { bytes: null } });
});

test('the longest sequences and the largest sizes are costed at once, or said to be too large', () => {
  const huge = 2 ** 31 - 1;
  const started = performance.now();
  for (const config of [
    { ...llama405, model_type: 'llama4_text', head_dim: 128, attention_chunk_size: 1 },
    { ...llama405, num_attention_heads: huge, num_key_value_heads: 1, head_dim: huge },
    { ...llama405, num_hidden_layers: huge },
    { ...deepseek, kv_lora_rank: huge },
    llama405,
  ]) {
    for (const phase of ['prefill', 'decode'] as const) {
      for (const { tower, ...rest } of modelCost(read(config), {
        phase,
        batch: 2,
        seqLen: 2 ** 24,
        rows,
        limits: guaranteedLimits,
      })) {
        expect(rest.layers.length + rest.left.length).toBe(tower.groups.length);
      }
    }
  }
  expect(performance.now() - started).toBeLessThan(2000);
});

test('a group with a gap has no problem, and says what is missing', () => {
  const [group] = read({ num_attention_heads: 4, num_layers: 2 }).towers[0]!.groups;
  expect(layerProblem(group!, { phase: 'prefill', batch: 1, seqLen: 8, dtype: 'f32' })).toEqual({
    obstacle: 'not known: head dim, value head dim',
  });
});
