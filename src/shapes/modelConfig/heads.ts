import { derived } from './fields.ts';
import { names } from './names.ts';
import { type Found, isBoolean, isSize, type Section } from './section.ts';
import type { Field, LatentAttention } from './types.ts';

/** How wide the heads of a layer are, and how many; null where the configuration does not say. */
export interface HeadSizes {
  heads: Field<number> | null;
  kvHeads: Field<number> | null;
  headDim: Field<number> | null;
  headDimV: Field<number> | null;
  latent: LatentAttention | null;
}

/** `RefinedWeb` and `RefinedWebModel` are what Falcon was called before transformers had it. */
const falconTypes = new Set(['falcon', 'RefinedWeb', 'RefinedWebModel']);

/** The heads of a section, by the rules of the classes. `headsKeys` are the names to look under. */
export function headSizes(section: Section, headsKeys: readonly string[] = names.heads): HeadSizes {
  const heads = section.size(headsKeys);
  const latent = latentAttention(section);
  return { heads, kvHeads: kvHeads(section, heads), ...headDims(section, heads, latent), latent };
}

/**
 * K/V heads. Falcon's `num_kv_heads` counts only in its newer architecture, else `multi_query` leaves one.
 * Without a number there are as many as heads.
 */
function kvHeads(section: Section, heads: Field<number> | null): Field<number> | null {
  const given = section.find(names.kvHeads, isSize);
  const flag = (key: string) => section.field([key], isBoolean);
  const one = (key: string) => derived(1, `${key} is true`, [flag(key)]);
  if (falconTypes.has(section.type ?? '')) {
    if (flag('new_decoder_architecture')?.value) return orHeads(given, heads);
    return flag('multi_query')?.value === false ? asMany(heads, [flag('multi_query')]) : one('multi_query');
  }
  const multiQuery = flag('multi_query');
  if (multiQuery?.value) return one('multi_query');
  // A class default of one K/V head goes with `multi_query`.
  const isGiven = typeof given !== 'string' && given.basis === 'config';
  if (multiQuery && !isGiven) return asMany(heads, [multiQuery]);
  const grouped = flag('multi_query_attention');
  if (grouped?.value === false) return asMany(heads, [grouped]);
  return orHeads(given, heads);
}

function orHeads(given: Found<number>, heads: Field<number> | null): Field<number> | null {
  if (typeof given !== 'string') return given;
  return given === 'unusable' ? null : asMany(heads, []);
}

function asMany(
  heads: Field<number> | null,
  because: readonly (Field<unknown> | null)[],
): Field<number> | null {
  return heads && derived(heads.value, 'as many as heads', [heads, ...because]);
}

/** Latent attention: a positive rank, and nothing that turns it off. */
function latentAttention(section: Section): LatentAttention | null {
  if (section.own('use_mla') === false) return null;
  const kvLoraRank = section.size(['kv_lora_rank']);
  const qkRopeHeadDim = section.field(['qk_rope_head_dim'], isDim);
  return kvLoraRank && qkRopeHeadDim ? { kvLoraRank, qkRopeHeadDim } : null;
}

/** Sizes of parts, which may be left out altogether. */
const isDim = (value: unknown): value is number => value === 0 || isSize(value);

type HeadDims = Pick<HeadSizes, 'headDim' | 'headDimV'>;

function headDims(section: Section, heads: Field<number> | null, latent: LatentAttention | null): HeadDims {
  if (latent) return latentDims(section, latent);
  const given = section.find(names.headDim, isSize);
  if (given === 'unusable') return { headDim: null, headDimV: null };
  const headDim = typeof given === 'string' ? headDimOfHidden(section, heads) : given;
  // Without latent attention a value dimension of its own goes with a head dimension of its own.
  const ownV = typeof given === 'string' ? null : section.size(['v_head_dim']);
  return { headDim, headDimV: ownV ?? headDim };
}

/**
 * Keys and values as latent attention unfolds them (prefill): queries and keys are a part without and a part with
 * rotary positions, values have a width of their own. What the classes call `head_dim` is the rotary part.
 */
function latentDims(section: Section, { qkRopeHeadDim }: LatentAttention): HeadDims {
  const nope = section.field(['qk_nope_head_dim'], isDim);
  const total = nope && nope.value + qkRopeHeadDim.value;
  return {
    headDim: total ? derived(total, 'qk_nope_head_dim + qk_rope_head_dim', [nope, qkRopeHeadDim]) : null,
    headDimV: section.size(['v_head_dim']),
  };
}

/** The width of a section; Qwen2-VL's vision part gives the language model's as `hidden_size`. */
export function hiddenSize(section: Section): Field<number> | null {
  const keys = section.type === 'qwen2_vl_vision' ? ['embed_dim'] : names.hiddenSize;
  return section.size(keys);
}

function headDimOfHidden(section: Section, heads: Field<number> | null): Field<number> | null {
  const hidden = hiddenSize(section);
  if (!hidden || !heads || hidden.value % heads.value !== 0) return null;
  const from = `${lastKey(hidden)} / ${lastKey(heads)}`;
  return derived(hidden.value / heads.value, from, [hidden, heads]);
}

function lastKey({ from }: Field<number>): string {
  return from.slice(from.lastIndexOf('.') + 1);
}
