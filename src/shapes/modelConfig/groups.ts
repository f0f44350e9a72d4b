import { causality } from './causality.ts';
import { derived, fromConfig } from './fields.ts';
import { type HeadSizes, headSizes } from './heads.ts';
import { layerNames } from './layerNames.ts';
import { names } from './names.ts';
import { isBoolean, isPositive, isSize, mostLayers, type Section } from './section.ts';
import type { Field, LayerGroup, LayerKind, TowerRole } from './types.ts';

const kindOfName: Readonly<Record<string, LayerKind>> = {
  full_attention: 'full',
  attention: 'full',
  global_attention: 'full',
  global: 'full',
  full: 'full',
  sliding_attention: 'sliding',
  sliding: 'sliding',
  local: 'sliding',
  local_attention: 'sliding',
  chunked_attention: 'chunked',
  cross_attention: 'cross',
};

/** Attention that is not softmax over a contiguous range of keys, or not only that. */
const otherAttention =
  /^(mamba|mamba2|falcon_mamba|rwkv|xlstm|retnet|fnet|reformer|big_bird|bigbird_pegasus|longformer|led|longt5|nystromformer|yoso|mra|funnel|swin|swinv2|swin2sr|donut-swin|maskformer-swin|dinat|perceiver)/;

export interface GroupsOptions {
  role: TowerRole;
  root: Section;
  layers: Field<number> | null;
  sizes?: HeadSizes;
}

/** The layers of a section, grouped by what they do, in the order in which each kind first comes. */
export function layerGroups(section: Section, { role, root, layers, sizes }: GroupsOptions): LayerGroup[] {
  const own = sizes ?? headSizes(section);
  if (!own.heads && !own.headDim && !layers && !perLayer(section, names.heads)) return [];
  const causal = causality(section, role, root);
  const base: LayerGroup = {
    kind: 'full',
    name: 'full_attention',
    count: layers,
    ownCaches: layers?.value ?? null,
    ...own,
    window: null,
    causal,
    softcap: section.field(names.softcap, isPositive),
    alibi: alibi(section),
    sinks: sinks(section),
    obstacle: null,
  };
  if (otherAttention.test(section.type ?? '')) {
    const type = section.type!;
    return [{ ...base, kind: 'other', name: type, obstacle: `${type} is not plain softmax attention` }];
  }
  if (!layers) return [withObstacle(base)];
  const kinds = layerNames(section, layers);
  if (!kinds) {
    const obstacle = 'the order of its kinds of layers is not in the file';
    return [{ ...base, kind: 'other', name: 'layers', obstacle }];
  }
  return grouped(section, base, kinds).map(withObstacle);
}

function grouped(section: Section, base: LayerGroup, kinds: Field<readonly string[]>): LayerGroup[] {
  const heads = perLayer(section, names.heads);
  const kvHeads = perLayer(section, names.kvHeads);
  const shared = section.size(['num_kv_shared_layers'])?.value ?? 0;
  const groups = new Map<string, { name: string; layers: number[] }>();
  for (const [layer, name] of kinds.value.entries()) {
    const key = [name, heads?.value[layer], kvHeads?.value[layer]].join();
    const group = groups.get(key);
    if (group) group.layers.push(layer);
    else groups.set(key, { name, layers: [layer] });
  }
  return [...groups.values()].map(({ name, layers }) => {
    const first = layers[0]!;
    const whole = layers.length === kinds.value.length;
    const count = whole ? base.count : derived(layers.length, `${kinds.from}: ${name}`, [kinds]);
    const ownCaches = layers.filter((layer) => layer < kinds.value.length - shared).length;
    const kind = Object.hasOwn(kindOfName, name) ? kindOfName[name]! : 'other';
    const group = ofKind(section, { ...base, kind, name, count, ownCaches });
    return {
      ...group,
      ...(heads ? { heads: at(heads, first) } : {}),
      ...(kvHeads ? { kvHeads: at(kvHeads, first) } : {}),
    };
  });
}

/** What layers of a kind have of their own: windows, and other heads in some models. */
function ofKind(section: Section, group: LayerGroup): LayerGroup {
  if (group.kind === 'chunked') {
    const window = section.size(['attention_chunk_size']);
    return window ? { ...group, window } : { ...group, kind: 'full' };
  }
  if (group.kind === 'sliding') {
    const other = 'attention_other_setting';
    const own = {
      heads: section.size(['swa_num_attention_heads', `${other}.num_attention_heads`]),
      kvHeads: section.size(['swa_num_key_value_heads', `${other}.num_attention_groups`]),
      headDim: section.size(['swa_head_dim', `${other}.head_dim`]),
      headDimV: section.size(['swa_v_head_dim', 'swa_head_dim', `${other}.head_dim`]),
    };
    const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== null));
    return { ...group, ...given, window: slidingWindow(section) };
  }
  return group.kind === 'full' ? globalLayers(section, group) : group;
}

/** Gemma 4: layers that see everything have heads of another width, and fewer K/V heads where V is K. */
function globalLayers(section: Section, group: LayerGroup): LayerGroup {
  if (!/^gemma4/.test(section.type ?? '')) return group;
  const given = section.find(['global_head_dim'], isSize);
  const headDim =
    given === 'absent' ? derived(512, 'rule of model type gemma4', []) : section.size(['global_head_dim']);
  const kvHeads =
    section.own('attention_k_eq_v') === true ? section.size(['num_global_key_value_heads']) : null;
  return { ...group, headDim, headDimV: headDim, kvHeads: kvHeads ?? group.kvHeads };
}

/** The configured window, whoever's name it has. ModernBERT gives both sides together. */
export function slidingWindow(section: Section): Field<number> | null {
  return section.size([...names.slidingWindow, 'attention_window', 'local_attention', 'window_size']);
}

function withObstacle(group: LayerGroup): LayerGroup {
  return { ...group, obstacle: obstacleTo(group) };
}

/** Names of layers come from the file, and go where Markdown is read: they are cut, and escaped there. */
function obstacleTo({ kind, name, heads, kvHeads, headDim, headDimV, window }: LayerGroup): string | null {
  if (kind === 'other') return `${name} layers are not softmax attention over all keys of a range`;
  if (kind === 'cross') return 'its keys come from another tower, and their number from the input';
  const sizes = { heads, 'K/V heads': kvHeads, 'head dim': headDim, 'value head dim': headDimV };
  const missing = Object.entries(sizes).filter(([, field]) => field === null);
  if (missing.length > 0) return `not known: ${missing.map(([size]) => size).join(', ')}`;
  if (heads!.value % kvHeads!.value !== 0)
    return `${heads!.value} heads cannot share ${kvHeads!.value} K/V heads evenly`;
  return kind === 'sliding' && !window ? 'the width of its window is not known' : null;
}

/** One number for each layer (OpenELM); 0 for a layer without attention. */
function perLayer(section: Section, keys: readonly string[]): Field<readonly number[]> | null {
  for (const key of keys) {
    const list = section.list(key);
    if (list?.length && list.length <= mostLayers && list.every(isSize)) {
      return fromConfig(list, section.pathOf(key));
    }
  }
  return null;
}

function at(list: Field<readonly number[]>, layer: number): Field<number> | null {
  const value = list.value[layer];
  return value === undefined ? null : { ...list, value };
}

/** Slopes on the distance instead of positions: BLOOM always, MPT and Falcon by a flag, Baichuan 13B by its width. */
function alibi(section: Section): Field<boolean> | null {
  const type = section.type ?? '';
  if (type === 'bloom') return derived(true, 'model type bloom', []);
  if (type === 'mpt') {
    return section.field(['attn_config.alibi'], isBoolean) ?? derived(true, 'rule of model type mpt', []);
  }
  if (type === 'baichuan' && section.own('hidden_size') === 5120) {
    return derived(true, 'width of model type baichuan', [section.size(['hidden_size'])]);
  }
  return section.field(['alibi'], isBoolean);
}

/** gpt-oss has a learned logit per head in every softmax. */
function sinks(section: Section): Field<boolean> | null {
  return section.type === 'gpt_oss' || section.type === 'gpt-oss'
    ? derived(true, 'model type gpt_oss', [])
    : null;
}
