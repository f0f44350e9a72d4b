import { derived, fromConfig, fromDefault } from './fields.ts';
import { type LayerRule, lastIsFull, layerRules } from './layerRules.ts';
import { names } from './names.ts';
import { isBoolean, isSize, mostLayers, type Section } from './section.ts';
import type { Field } from './types.ts';

/** What each layer of a stack is, by the names of `layer_types`; null where it cannot be told. */
export function layerNames(section: Section, layers: Field<number>): Field<readonly string[]> | null {
  if (layers.value > mostLayers) return null;
  const ways = [listed, unread, byIndices, byLetters, byPeriod, byBlocks, alternating, byRule, windowed];
  for (const way of ways) {
    const read = way(section, layers);
    if (read !== undefined) return read;
  }
  return null;
}

/** undefined: this way says nothing, another may. null: it applies and cannot be read. */
type Way = (section: Section, layers: Field<number>) => Field<readonly string[]> | null | undefined;

const full = 'full_attention';
const sliding = 'sliding_attention';

/** A list with a name for each layer. */
const listed: Way = (section, layers) => {
  for (const key of ['layer_types', 'layers_block_type', 'attention_layers', 'attn_type_list']) {
    const value = section.own(key);
    if (value === undefined || value === null) continue;
    const list = section.list(key);
    if (!list || list.length < layers.value) return null;
    const read = list.slice(0, layers.value).map((entry) => {
      if (entry === 1 || entry === 0) return entry === 1 ? full : 'linear_attention';
      return typeof entry === 'string' && entry.length <= 80 ? entry : 'unknown';
    });
    return fromConfig(read, section.pathOf(key));
  }
  return undefined;
};

/** Orders in other forms, which no rule here reads. */
const unread: Way = (section) =>
  ['hybrid_layer_pattern', 'global_attn_idx', 'block_configs'].some((key) => Array.isArray(section.own(key)))
    ? null
    : undefined;

/** Lists of the layers that are different, by their index. */
const byIndices: Way = (section, layers) => {
  const kinds: [key: string, listedAs: string, others: string, first: number][] = [
    ['linear_attn_config.full_attn_layers', full, 'linear_attention', 1],
    ['attn_layer_indices', full, 'mamba', 0],
    ['full_attn_idxs', full, 'conv', 0],
    ['cross_attention_layers', 'cross_attention', full, 0],
    ['fullatt_block_indexes', full, 'window_attention', 0],
    ['global_attn_indexes', full, 'window_attention', 0],
  ];
  for (const [key, listedAs, others, first] of kinds) {
    const list = section.own(key);
    if (!Array.isArray(list) || list.length > mostLayers) continue;
    const at = new Set(list);
    const read = range(layers).map((layer) => (at.has(layer + first) ? listedAs : others));
    return derived(read, key, [fromConfig(list, section.pathOf(key)), layers]);
  }
  return undefined;
};

const letters: Readonly<Record<string, string>> = {
  M: 'mamba',
  '*': full,
  '-': 'mlp',
  E: 'moe',
  L: sliding,
  G: full,
};

/** One letter for each layer (Nemotron-H), or an order that is repeated (EXAONE 4). */
const byLetters: Way = (section, layers) => {
  for (const key of ['hybrid_override_pattern', 'sliding_window_pattern']) {
    const text = section.own(key);
    if (typeof text !== 'string') continue;
    const known =
      text.length > 0 && text.length <= mostLayers && [...text].every((letter) => letter in letters);
    if (!known || (key === 'hybrid_override_pattern' && text.length !== layers.value)) return null;
    const read = range(layers).map((layer) => letters[text[layer % text.length]!]!);
    return derived(lastFull(section, read), key, [fromConfig(text, section.pathOf(key)), layers]);
  }
  return undefined;
};

/** An attention layer every so many, and other blocks between (Jamba). */
const byPeriod: Way = (section, layers) => {
  const period = section.size(['attn_layer_period']);
  const offset = section.field(['attn_layer_offset'], Number.isSafeInteger as (v: unknown) => v is number);
  if (!period || !offset) return section.type === 'jamba' ? null : undefined;
  const read = range(layers).map((layer) => (layer % period.value === offset.value ? full : 'mamba'));
  return derived(read, 'attn_layer_period and attn_layer_offset', [period, offset, layers]);
};

/** An order of blocks that is repeated (RecurrentGemma); its attention is local. */
const byBlocks: Way = (section, layers) => {
  const list = section.list('block_types') ?? section.list('_block_types');
  if (!list) return section.type === 'recurrent_gemma' ? null : undefined;
  if (list.length === 0) return null;
  const read = range(layers).map((layer) => {
    const block = list[layer % list.length];
    return block === 'attention' ? sliding : typeof block === 'string' ? block : 'unknown';
  });
  return derived(read, 'block_types', [fromConfig(list, section.pathOf('block_types')), layers]);
};

/** GPT-Neo: `[[["global", "local"], 12]]`, an order and how often it is repeated. */
const alternating: Way = (section, layers) => {
  const list = section.list('attention_types');
  if (!list) return section.type === 'gpt_neo' ? null : undefined;
  const read: string[] = [];
  for (const entry of list) {
    if (!Array.isArray(entry) || !Array.isArray(entry[0]) || !isSize(entry[1])) return null;
    const [kinds, times] = entry;
    if (kinds.length * times > mostLayers) return null;
    for (let time = 0; time < times && read.length < mostLayers; time++) {
      read.push(
        ...kinds.map((kind: unknown) => (kind === 'global' ? full : kind === 'local' ? sliding : 'unknown')),
      );
    }
  }
  if (read.length !== layers.value) return null;
  return fromConfig(read, section.pathOf('attention_types'));
};

/** The rule of the model type's class. */
const byRule: Way = (section, layers) => {
  const noRope = section.list('no_rope_layers');
  const known = layerRules.get(section.type ?? '') ?? ruleOfPattern(section);
  if (!known) return section.defaults?.values.get('layer_types') === 'mixed' ? null : undefined;
  if (known.most === 'chunked_attention' && noRope && noRope.length >= layers.value) {
    const read = noRope.slice(0, layers.value).map((rope) => (rope === 0 ? full : known.most));
    return derived(read, 'no_rope_layers', [fromConfig(noRope, section.pathOf('no_rope_layers')), layers]);
  }
  const given = known.keys
    .map((key) => section.find([key], isSize))
    .find((found) => found !== 'absent' && found !== 'null');
  if (given === 'unusable') return null;
  const every = given ? given.value : known.every;
  const odd = known.place === 'last' ? every - 1 : 0;
  const read = range(layers).map((layer) => (layer % every === odd ? full : known.most));
  const words = given ? lastPart(given.from) : `rule of model type ${section.type}`;
  return derived(lastFull(section, read), words, [given ?? null, layers]);
};

/** Any model that says how often a layer sees everything. */
function ruleOfPattern(section: Section): LayerRule | null {
  const every = section.own('sliding_window_pattern');
  return isSize(every) ? { most: sliding, every, place: 'last', keys: ['sliding_window_pattern'] } : null;
}

/** All layers alike: with a window where one is set and used; Qwen2 uses it from a certain layer on. */
const windowed: Way = (section, layers) => {
  const alike = (name: string, from: string, because: readonly (Field<unknown> | null)[]) =>
    derived(
      range(layers).map(() => name),
      from,
      [...because, layers],
    );
  const topk = section.size(['index_topk']);
  if (topk) return alike('indexed_attention', 'index_topk', [topk]);
  const kind = section.defaults?.values.get('layer_types');
  if (typeof kind === 'string' && kind !== full && kind !== sliding) {
    return alike(kind, kind, [fromDefault(kind, section.defaults!.configClass)]);
  }
  const used = section.field(['use_sliding_window'], isBoolean);
  const window = section.find([...names.slidingWindow, 'attention_window'], isSize);
  if (used?.value === false) return alike(full, 'use_sliding_window is false', [used]);
  // A list of windows, or a number that is none: which layers have one is not known.
  if (window === 'unusable') return null;
  if (typeof window === 'string') return alike(full, 'no window', [used]);
  const from = section.field(['max_window_layers'], (v): v is number => v === 0 || isSize(v));
  // Some classes have a window and no layer that uses it, until `layer_types` says so.
  if (kind === full && !used && !from)
    return alike(full, `${section.defaults!.configClass} uses no window`, []);
  const read = range(layers).map((layer) => (from && layer < from.value ? full : sliding));
  return derived(read, lastPart(window.from), [window, used, from, layers]);
};

function lastFull(section: Section, read: string[]): string[] {
  if (read.length > 0 && lastIsFull.has(section.type ?? '')) read[read.length - 1] = full;
  return read;
}

function range(layers: Field<number>): number[] {
  return Array.from({ length: layers.value }, (_, layer) => layer);
}

function lastPart(from: string): string {
  return from.slice(from.lastIndexOf('.') + 1);
}
