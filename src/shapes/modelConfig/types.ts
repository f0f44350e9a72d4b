/**
 * How a value is known: it stands in the file, it is what the model's configuration class sets where the file says
 * nothing, or it follows from others by the library's rule.
 */
export type Basis = 'config' | 'default' | 'derived';

/** Keys from the root of the file to a value. */
export type KeyPath = readonly string[];

/** A value that is known, and from where. A value that is not known is null in place of a field. */
export interface Field<T> {
  value: T;
  basis: Basis;
  /** In words: `num_attention_heads`, `LlamaConfig`, `hidden_size / num_attention_heads`. */
  from: string;
  /** Keys of the file that it rests on; none for a class default. */
  keys: readonly KeyPath[];
  /** Whether a class default is part of it. */
  restsOnDefault: boolean;
}

export type LayerKind =
  /** Softmax attention over all keys. */
  | 'full'
  /** Softmax attention over a window around the diagonal. */
  | 'sliding'
  /** Softmax attention within chunks of the sequence laid end to end. */
  | 'chunked'
  /** Queries of one tower, keys of another. */
  | 'cross'
  /** Anything else; it is named and not costed. */
  | 'other';

/** Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434, section 2.1): sizes of what the cache keeps. */
export interface LatentAttention {
  /** d_c: the latent that keys and values of all heads are made of. */
  kvLoraRank: Field<number>;
  /** d_h^R: the rotary part of a key, shared by all heads. */
  qkRopeHeadDim: Field<number>;
}

/** Layers of a tower that do the same attention. */
export interface LayerGroup {
  kind: LayerKind;
  /** The configuration's own word for the kind, such as `sliding_attention`. */
  name: string;
  /** Layers; null where the number is not known. */
  count: Field<number> | null;
  /** Layers that keep keys and values of their own; the rest of `count` shares those of another layer. */
  ownCaches: number | null;
  heads: Field<number> | null;
  kvHeads: Field<number> | null;
  headDim: Field<number> | null;
  headDimV: Field<number> | null;
  /** Keys a query sees: the last `window` with a causal mask, else `window` around it, half on each side; the chunk's length. */
  window: Field<number> | null;
  causal: Field<boolean> | null;
  softcap: Field<number> | null;
  alibi: Field<boolean> | null;
  sinks: Field<boolean> | null;
  latent: LatentAttention | null;
  /** Why the group is not costed, in a clause; null where it is. */
  obstacle: string | null;
}

export type TowerRole = 'text' | 'vision' | 'audio' | 'encoder' | 'decoder';

/** A stack of layers: the language model, an image or sound encoder, one side of an encoder-decoder. */
export interface Tower {
  role: TowerRole;
  /** Keys that lead to its part of the file; none for the file itself. */
  path: KeyPath;
  modelType: string | null;
  layers: Field<number> | null;
  hiddenSize: Field<number> | null;
  maxSeqLen: Field<number> | null;
  /** The name as it stands in the file, such as `bfloat16` or `fp8`. */
  dtype: Field<string> | null;
  /** The width of the sliding window in tokens as configured, where any layer has one. */
  slidingWindow: Field<number> | null;
  /** Tokens it always sees, such as the patches of an image; null where the input decides. */
  seqLen: Field<number> | null;
  /** Whether it decodes token by token and keeps keys and values. */
  cached: boolean;
  groups: LayerGroup[];
}

/** The attention of a model, as far as its configuration says. */
export interface ModelAttention {
  format: 'transformers' | 'gguf' | 'keys';
  modelType: string | null;
  /** The configuration class whose defaults were used; null where there is none. */
  configClass: string | null;
  /** The language model first. */
  towers: Tower[];
  /** What a reader should know beside the numbers: sentences without the last full stop. */
  notes: string[];
}
