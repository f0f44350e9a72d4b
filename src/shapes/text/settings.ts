import type { Dtype } from '../../attention/problem.ts';
import type { Basis } from '../site.ts';
import { type Known, unknown } from './known.ts';
import { type Draft, sizesFromRoles } from './site.ts';
import { type Role, roleOf } from './sizeNames.ts';

/** One name with its value, out of a configuration, an object or a table. */
export interface Setting {
  name: string;
  /** Null where the value is no whole number; `text` then says what stands there. */
  size: Known | null;
  text: string;
  start: number;
}

/** Names that mean more than one kind of attention, or heads that do not share a width: nothing is derived. */
const derivesNothing =
  /^(?:model_?type|architectures|kv_lora_rank|q_lora_rank|qk_nope_head_dim|qk_rope_head_dim|multi_query.*|new_decoder_architecture)$/i;

const dtypes: Record<string, Dtype> = {
  f32: 'f32',
  fp32: 'f32',
  float32: 'f32',
  float: 'f32',
  f16: 'f16',
  fp16: 'f16',
  float16: 'f16',
  half: 'f16',
  bf16: 'bf16',
  bfloat16: 'bf16',
};

const otherMixers = /(?:^|[^a-z])(?:mamba|rwkv|gmlp|amlp|retnet|hyena|ssm)(?![a-z])/i;

export interface SettingsKind {
  api: string;
  /** What the group is called: the section, the variable. */
  callee: string;
  /** Basis of sizes that are derived from the rule that heads share the width. */
  derived: Basis | null;
  /** Names that must be there; a table of results without a length is none of a problem. */
  needs?: readonly Role[];
}

/**
 * A group of named values that stand together, as an attention problem; null where they are none. Heads and one of
 * head dim, length or width must be named. The longest allowed length is offered as a choice, not claimed.
 */
export function siteOfSettings(
  settings: readonly Setting[],
  kind: SettingsKind,
  span: { start: number; end: number },
): Draft | null {
  const known = new Map<Role, Known>();
  const clashing = new Set<Role>();
  const choices: Record<string, number[]> = {};
  let longest: string | null = null;
  const options: NonNullable<Draft['options']> = {};
  for (const { name, size, text } of settings) {
    const role = roleOf(name);
    if (role === 'maxLength') {
      if (size?.value && size.value >= 64 && longest === null) {
        longest = name;
        choices[name] = [size.value];
      }
    } else if (role && size) {
      const before = known.get(role);
      if (before && before.value !== size.value) clashing.add(role);
      known.set(role, size);
    } else if (role) clashing.add(role);
    const plain = text.replace(/^["']|["']$/g, '').replace(/^torch\./, '');
    if (/^(?:torch_)?dtype$/i.test(name) && Object.hasOwn(dtypes, plain)) {
      options.dtype = { value: dtypes[plain]!, basis: 'config' };
    }
    // Whether a diagonal ends left or right only matters for lengths that differ, and a configuration has one.
    if (/^(?:is_?)?causal$/i.test(name) && /^(?:true|false)$/i.test(plain)) {
      options.causal = { value: /^t/i.test(plain) && ('top-left' as const), basis: 'config' };
    }
  }
  for (const role of clashing) known.delete(role);
  // Heads of something that is wide and high are not those of a model.
  if (settings.some(({ name }) => /^height$/i.test(name))) return null;
  // Layers that mix tokens in another way keep the keys of attention and ignore them.
  if (settings.some(({ name, text }) => otherMixers.test(name) || otherMixers.test(text.slice(0, 200))))
    return null;
  const refuses = settings.some(({ name }) => derivesNothing.test(name));
  const width = known.get('width');
  if (refuses || kind.derived === null) known.delete('width');
  if (kind.needs?.some((role) => !known.get(role)?.value)) return null;
  if (!known.get('heads')?.value) return null;
  const hasMore = known.has('headDim') || known.has('seqLen') || known.has('seqLenQ') || width !== undefined;
  if (!hasMore) return null;
  const derives = !known.has('headDim') && known.has('width');
  const sizes = sizesFromRoles(known) ?? {
    heads: known.get('heads')!,
    kvHeads: { ...known.get('heads')!, basis: 'default' },
  };
  if (derives && sizes.headDim?.value) {
    if (sizes.headDim.value % 8 !== 0 || sizes.headDim.value > 256) sizes.headDim = unknown();
    sizes.headDim = { ...sizes.headDim, basis: kind.derived! };
    if (!known.has('headDimV')) sizes.headDimV = sizes.headDim;
  }
  if (!known.has('kvHeads') && (refuses || clashing.has('kvHeads'))) delete sizes.kvHeads;
  if (longest && !sizes.seqLenQ) {
    sizes.seqLenQ = unknown(longest);
    sizes.seqLenKv = unknown(longest);
  }
  return {
    ...span,
    api: kind.api,
    callee: kind.callee,
    sizes,
    options,
    choices: sizes.seqLenQ?.symbol ? choices : {},
  };
}
