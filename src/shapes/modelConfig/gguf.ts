import type { Result } from '../../attention/shape.ts';
import { layerGroups } from './groups.ts';
import { isLength, isRecord, isSize, isWord, mostLayers, Section, type Values } from './section.ts';
import type { KeyPath, ModelAttention } from './types.ts';

/** Keys of GGUF, after the architecture's name, and what transformers calls the same. */
const keysOfGguf: Readonly<Record<string, string>> = {
  block_count: 'num_hidden_layers',
  embedding_length: 'hidden_size',
  context_length: 'max_position_embeddings',
  'attention.head_count': 'num_attention_heads',
  'attention.head_count_kv': 'num_key_value_heads',
  'attention.key_length': 'head_dim',
  'attention.value_length': 'v_head_dim',
  'attention.sliding_window': 'sliding_window',
  'attention.chunk_size': 'attention_chunk_size',
  'attention.causal': 'is_causal',
  attn_logit_softcapping: 'attn_logit_softcapping',
  full_attention_interval: 'full_attention_interval',
};

/** Architectures whose order of layers llama.cpp holds in code, by the model type with the same rule. */
const rulesOfArchitecture: Readonly<Record<string, string>> = {
  gemma2: 'gemma2',
  gemma3: 'gemma3_text',
  gemma3n: 'gemma3n_text',
  'gpt-oss': 'gpt_oss',
  cohere2: 'cohere2',
  exaone4: 'exaone4',
  olmo3: 'olmo3',
  llama4: 'llama4_text',
  qwen3next: 'qwen3_next',
  falcon: 'falcon_gguf',
  bloom: 'bloom',
};

/** Metadata of a GGUF file as JSON: flat, or as gguf-dump nests it under `metadata` with a type beside each value. */
export function isGguf(json: Values): boolean {
  return metadataOf(json) !== null;
}

interface Metadata {
  values: Values;
  /** Whether each value is an object with the value inside. */
  typed: boolean;
  path: KeyPath;
}

function metadataOf(json: Values): Metadata | null {
  const places: [Values | undefined, KeyPath][] = [
    [json, []],
    [isRecord(json.metadata) ? json.metadata : undefined, ['metadata']],
    [isRecord(json.gguf) ? json.gguf : undefined, ['gguf']],
  ];
  for (const [values, path] of places) {
    const given = values?.['general.architecture'];
    if (!values || given === undefined) continue;
    const typed = isRecord(given);
    if (isWord(typed ? given.value : given)) return { values, typed, path };
  }
  return null;
}

/** The attention of a model from GGUF metadata. Nothing is filled in from class defaults: the file says all there is. */
export function readGguf(json: Values): Result<ModelAttention> {
  const metadata = metadataOf(json);
  if (!metadata) return { ok: false, error: 'no general.architecture: not the metadata of a GGUF file' };
  const at = (key: string): unknown => {
    if (!Object.hasOwn(metadata.values, key)) return undefined;
    const value = metadata.values[key];
    return metadata.typed ? (isRecord(value) ? value.value : undefined) : value;
  };
  const architecture = at('general.architecture') as string;
  const { values, keyPaths } = renamed(architecture, at, metadata.path);
  const section = new Section(values, metadata.path, null, keyPaths);
  const layers = section.size(['num_hidden_layers']);
  const groups = layerGroups(section, { role: 'text', root: section, layers });
  if (!section.size(['num_attention_heads']) && !Array.isArray(values.num_attention_heads)) {
    return { ok: false, error: `no ${architecture}.attention.head_count in this metadata` };
  }
  return {
    ok: true,
    value: {
      format: 'gguf',
      modelType: architecture,
      configClass: null,
      towers: [
        {
          role: 'text',
          path: metadata.path,
          modelType: architecture,
          layers,
          hiddenSize: section.size(['hidden_size']),
          maxSeqLen: section.field(['max_position_embeddings'], isLength),
          dtype: null,
          slidingWindow: groups.some(({ kind }) => kind === 'sliding')
            ? section.size(['sliding_window'])
            : null,
          seqLen: null,
          cached: groups.some(({ causal }) => causal?.value === true),
          groups,
        },
      ],
      notes: [
        'GGUF files hold quantised weights; the cache of keys and values is f16 unless the run says otherwise',
      ],
    },
  };
}

function renamed(architecture: string, at: (key: string) => unknown, path: KeyPath) {
  const values: Record<string, unknown> = {
    model_type: rulesOfArchitecture[architecture] ?? `${architecture}_gguf`,
    is_causal: !/bert|t5encoder/.test(architecture),
  };
  const keyPaths = new Map<string, KeyPath>([['is_causal', [...path, 'general.architecture']]]);
  const put = (key: string, value: unknown, from: string) => {
    values[key] = value;
    keyPaths.set(key, [...path, from]);
  };
  for (const [gguf, key] of Object.entries(keysOfGguf)) {
    const from = `${architecture}.${gguf}`;
    const value = at(from);
    if (value !== undefined) put(key, value, from);
  }
  latentSizes(architecture, at, put);
  layerOrder(architecture, at, put);
  return { values, keyPaths };
}

type Put = (key: string, value: unknown, from: string) => void;

/** Latent attention: the plain lengths are those of the latent form, which has one K/V head. */
function latentSizes(architecture: string, at: (key: string) => unknown, put: Put): void {
  const key = (name: string) => `${architecture}.${name}`;
  const rank = at(key('attention.kv_lora_rank'));
  const rope = at(key('rope.dimension_count'));
  const keyLength = at(key('attention.key_length_mla')) ?? at(key('attention.key_length'));
  const valueLength = at(key('attention.value_length_mla')) ?? at(key('attention.value_length'));
  if (!isSize(rank) || !isSize(rope) || !isSize(keyLength) || keyLength < rope) return;
  put('kv_lora_rank', rank, key('attention.kv_lora_rank'));
  put('qk_rope_head_dim', rope, key('rope.dimension_count'));
  put('qk_nope_head_dim', keyLength - rope, key('attention.key_length'));
  put('v_head_dim', valueLength, key('attention.value_length'));
  put('num_key_value_heads', at(key('attention.head_count')), key('attention.head_count'));
}

/** Layers without attention have no K/V heads; layers with a window may be flagged one by one. */
function layerOrder(architecture: string, at: (key: string) => unknown, put: Put): void {
  const counts = at(`${architecture}.attention.head_count_kv`);
  if (Array.isArray(counts) && counts.length <= mostLayers && counts.includes(0)) {
    const from = `${architecture}.attention.head_count_kv`;
    put(
      'layer_types',
      counts.map((count) => (count === 0 ? 'no_attention' : 'full_attention')),
      from,
    );
    const distinct = new Set(counts.filter((count) => count !== 0));
    // One number for all layers that have any; with several, which is whose is in the list of kinds alone.
    put('num_key_value_heads', distinct.size === 1 ? [...distinct][0] : 'several', from);
  }
  const from = `${architecture}.attention.sliding_window_pattern`;
  const flags = at(from);
  if (
    Array.isArray(flags) &&
    flags.length <= mostLayers &&
    flags.every((flag) => typeof flag === 'boolean')
  ) {
    put(
      'layer_types',
      flags.map((flag) => (flag ? 'sliding_attention' : 'full_attention')),
      from,
    );
  } else if (isSize(flags)) {
    put('sliding_window_pattern', flags, from);
  }
}
