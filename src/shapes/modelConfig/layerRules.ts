/** Where the odd layer out stands in each run of `every` layers. */
export interface LayerRule {
  /** What the other layers are. */
  most: string;
  /** Every so many layers one has full attention: the last of the run, or the first. */
  every: number;
  place: 'last' | 'first';
  /** Keys that give another number, or the whole order as letters. */
  keys: readonly string[];
}

const sliding = 'sliding_attention';
const linear = 'linear_attention';
const pattern = ['sliding_window_pattern', '_sliding_window_pattern'];

const rule = (most: string, every: number, place: LayerRule['place'], keys: readonly string[] = pattern) => ({
  most,
  every,
  place,
  keys,
});

/**
 * The order of the layers where `layer_types` is not in the file, by model type: what the classes of transformers
 * 5.18 make of the number of layers. A type with layers of several kinds that is not here stays unknown.
 */
export const layerRules: ReadonlyMap<string, LayerRule> = new Map(
  Object.entries({
    gemma2: rule(sliding, 2, 'last'),
    vaultgemma: rule(sliding, 2, 'last'),
    t5_gemma_module: rule(sliding, 2, 'last'),
    gpt_oss: rule(sliding, 2, 'last'),
    gemma3: rule(sliding, 6, 'last'),
    gemma3_text: rule(sliding, 6, 'last'),
    t5gemma2_text: rule(sliding, 6, 'last'),
    t5gemma2_decoder: rule(sliding, 6, 'last'),
    gemma4_text: rule(sliding, 6, 'last'),
    gemma3n_text: rule(sliding, 5, 'last'),
    cohere2: rule(sliding, 4, 'last'),
    cohere2_moe: rule(sliding, 4, 'last'),
    exaone4: rule(sliding, 4, 'last'),
    exaone_moe: rule(sliding, 4, 'last'),
    olmo3: rule(sliding, 4, 'last'),
    afmoe: rule(sliding, 4, 'last', ['global_attn_every_n_layers']),
    muse_glimmer_text: rule(sliding, 4, 'last'),
    cwm: rule(sliding, 4, 'first'),
    granite_swa: rule(sliding, 4, 'first'),
    granitemoe_swa: rule(sliding, 4, 'first'),
    modernbert: rule(sliding, 3, 'first', ['global_attn_every_n_layers']),
    'modernbert-decoder': rule(sliding, 3, 'first', ['global_attn_every_n_layers']),
    llama4_text: rule('chunked_attention', 4, 'last', ['no_rope_layer_interval']),
    qwen3_next: rule(linear, 4, 'last', ['full_attention_interval']),
    qwen3_5_text: rule(linear, 4, 'last', ['full_attention_interval']),
    qwen3_5_moe_text: rule(linear, 4, 'last', ['full_attention_interval']),
    olmo_hybrid: rule(linear, 4, 'last'),
    minimax: rule(linear, 2, 'first'),
    phi3small: rule('block_sparse_attention', 2, 'last', ['dense_attention_every_n_layers']),
  }),
);

/** Model types whose last layer has full attention whatever the order says. */
export const lastIsFull: ReadonlySet<string> = new Set(['gemma4_text', 'exaone4', 'exaone_moe']);
