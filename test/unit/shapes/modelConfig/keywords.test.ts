import { describe, expect, test } from 'vitest';
import { configOfKeywords, unknownValue } from '../../../../src/shapes/modelConfig/keywords.ts';
import { readModelConfig } from '../../../../src/shapes/modelConfig/readModelConfig.ts';

describe('a configuration called in Python', () => {
  test('is read as the file with the same values', () => {
    const keywords = {
      hidden_size: 512,
      num_attention_heads: 8,
      num_key_value_heads: 2,
      num_hidden_layers: 3,
    };
    expect(configOfKeywords('LlamaConfig', keywords)).toEqual(
      readModelConfig({ ...keywords, model_type: 'llama' }),
    );
  });

  test('takes what the call leaves out from the class', () => {
    const model = configOfKeywords('Gemma2Config', {});
    if (!model.ok) throw new Error(model.error);
    expect(model.value.towers[0]?.layers).toMatchObject({
      value: 26,
      basis: 'default',
      from: 'Gemma2Config',
    });
  });

  test('a value that is not known keeps the default away', () => {
    const model = configOfKeywords('LlamaConfig', { num_attention_heads: unknownValue, hidden_size: 512 });
    if (!model.ok) throw new Error(model.error);
    const [group] = model.value.towers[0]!.groups;
    expect([group?.heads, group?.kvHeads, group?.headDim]).toEqual([null, null, null]);
  });

  test('nested calls', () => {
    const text_config = {
      typeName: 'Qwen2Config',
      keywords: { num_attention_heads: 14, num_key_value_heads: 2 },
    };
    const model = configOfKeywords('LlavaConfig', { text_config });
    if (!model.ok) throw new Error(model.error);
    expect(model.value.towers[0]).toMatchObject({ path: ['text_config'], modelType: 'qwen2' });
    expect(model.value.towers[0]?.groups[0]?.heads?.value).toBe(14);
  });

  test('a call that holds itself ends', () => {
    const call = { typeName: 'LlavaConfig', keywords: {} as Record<string, unknown> };
    call.keywords.text_config = call;
    expect(configOfKeywords('LlavaConfig', call.keywords).ok).toBe(false);
  });

  test('classes of ones own are read by their names alone', () => {
    const model = configOfKeywords('GPTConfig', { n_layer: 12, n_head: 12, n_embd: 768, block_size: 1024 });
    if (!model.ok) throw new Error(model.error);
    const [tower] = model.value.towers;
    expect(tower?.maxSeqLen?.value).toBe(1024);
    expect(tower?.groups[0]?.headDim?.value).toBe(64);
    expect(tower?.groups[0]?.causal).toBeNull();
    expect(configOfKeywords('GPTConfig', { n_layer: 12 }).ok).toBe(false);
    expect(configOfKeywords('(.*)', { n_layer: 12 }).ok).toBe(false);
  });
});
