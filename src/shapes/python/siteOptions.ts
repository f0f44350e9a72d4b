import type { AttentionApi } from '../apis/row.ts';
import * as dims from './dim.ts';
import type { Option, SiteDraft } from './draft.ts';
import { type Fact, fact } from './fact.ts';
import { asItems, asTensor } from './ops/operation.ts';
import type { Value } from './value.ts';

/** Flags of a call as options of the problem. What is left out has the function's own default. */
export function readOptions(
  api: AttentionApi,
  bound: Map<string, Value>,
  built: Map<string, Value>,
  draft: SiteDraft,
  open: boolean,
): void {
  const origin = fact('literal', draft.node);
  const { options = {}, causal } = api;
  const off = <T>(value: T): Option<T> => (open ? null : { value, fact: origin });
  const given = (name: string | undefined) => {
    const value = name === undefined ? undefined : bound.get(name);
    return value?.kind === 'none' ? undefined : value;
  };

  const mask = given(options.mask);
  const flag = given(causal.flag);
  draft.causal = causalOption(flag, mask, api, open, origin);
  draft.bias =
    options.mask === undefined && !open && api.special !== 'hugging' && api.special !== 'flex'
      ? off(false)
      : mask === undefined
        ? off(false)
        : maskOption(mask, origin);
  if (api.special === 'hugging' || api.special === 'flex') draft.bias = null;
  draft.dropout = numberOption(
    given(options.dropout),
    options.dropout === undefined && api.constructorParameters !== undefined ? null : off(false),
  );
  draft.softcap = numberOption(
    given(options.softcap),
    options.softcap === undefined && api.special === 'flex' ? null : off(false),
  );
  const slopes = given(options.alibi);
  draft.alibi =
    slopes === undefined ? off(false) : slopes.kind === 'tensor' ? { value: true, fact: origin } : null;
  const sinks = given(options.sinks);
  draft.sinks =
    sinks === undefined ? off(false) : sinks.kind === 'tensor' ? { value: true, fact: origin } : null;
  const scale = given(options.scale);
  draft.scale =
    scale === undefined
      ? off('default')
      : scale.kind === 'float' && scale.value !== null
        ? { value: scale.value, fact: scale.fact ?? origin }
        : scale.kind === 'float' && scale.text
          ? { name: scale.text }
          : named(scale);
  draft.window = windowOption(given(options.window), off(false), origin);
  if (api.special === 'xformersBias') xformersBias(given('attn_bias'), draft, origin, open);
  if (api.special === 'transformerEngine') engineMask(built.get('attn_mask_type'), draft, origin);
}

function named(value: Value): { name: string } | null {
  return value.kind === 'opaque' && value.name !== null ? { name: value.name } : null;
}

function causalOption(
  flag: Value | undefined,
  mask: Value | undefined,
  api: AttentionApi,
  open: boolean,
  origin: Fact,
): SiteDraft['causal'] {
  const { align, absent } = api.causal;
  if (flag?.kind === 'bool') return { value: flag.value ? align : false, fact: flag.fact };
  if (flag) return named(flag);
  if (mask && asTensor(mask)?.mask === 'causal') return { value: align, fact: origin };
  if (mask || open || absent === null) return null;
  return { value: absent ? align : false, fact: origin };
}

/** A mask that is nothing but causal is no bias. */
function maskOption(mask: Value, origin: Fact): SiteDraft['bias'] {
  if (mask.kind !== 'tensor') return null;
  return mask.mask === 'causal' ? { value: false, fact: origin } : { value: true, fact: origin };
}

function numberOption(value: Value | undefined, absent: Option<number | false>): Option<number | false> {
  if (value === undefined) return absent;
  if (value.kind === 'float' && value.value !== null)
    return { value: value.value === 0 ? false : value.value, fact: value.fact! };
  if (value.kind === 'int') {
    const known = dims.sizeOf(value.dim);
    const fact = dims.factOf(value.dim);
    return known !== null && fact ? { value: known === 0 ? false : known, fact } : null;
  }
  return named(value);
}

/** `(left, right)`, -1 or None for no limit; one number is the same on both sides. */
function windowOption(
  value: Value | undefined,
  absent: SiteDraft['window'],
  origin: Fact,
): SiteDraft['window'] {
  if (value === undefined) return absent;
  const sides = asItems(value) ?? [value, value];
  const widths = sides.map((side) => {
    if (side.kind === 'none') return -1;
    return side.kind === 'int' ? dims.sizeOf(side.dim) : null;
  });
  const [left, right] = widths;
  if (sides.length !== 2 || left === null || left === undefined || right === null || right === undefined)
    return named(value);
  if (left < 0 && right < 0) return { value: false, fact: origin };
  return { value: { left: left < 0 ? null : left, right: right < 0 ? null : right }, fact: origin };
}

/** xFormers says the mask by the class of the bias. */
function xformersBias(bias: Value | undefined, draft: SiteDraft, origin: Fact, open: boolean): void {
  if (bias === undefined) {
    draft.causal = open ? null : { value: false, fact: origin };
    draft.bias = open ? null : { value: false, fact: origin };
    return;
  }
  const path = bias.kind === 'layer' ? bias.type : bias.kind === 'ref' ? bias.path : '';
  const type = path.replace(/\.(from_seqlens|from_tensor_list)\w*$/, '');
  if (/(^|\.)LowerTriangularMask$/.test(type)) {
    draft.causal = { value: 'top-left', fact: origin };
    draft.bias = { value: false, fact: origin };
  } else if (/(^|\.)LowerTriangularFromBottomRightMask$/.test(type)) {
    draft.causal = { value: 'bottom-right', fact: origin };
    draft.bias = { value: false, fact: origin };
  } else {
    draft.causal = null;
    draft.bias = bias.kind === 'tensor' ? { value: true, fact: origin } : null;
  }
}

function engineMask(type: Value | undefined, draft: SiteDraft, origin: Fact): void {
  if (type?.kind !== 'string') return;
  const meaning: Record<string, SiteDraft['causal']> = {
    causal: { value: 'top-left', fact: origin },
    causal_bottom_right: { value: 'bottom-right', fact: origin },
    no_mask: { value: false, fact: origin },
  };
  draft.causal = meaning[type.value] ?? null;
}
