import type { AttentionApi } from '../apis/row.ts';
import type { Analysis } from './analysis.ts';
import { type Expression, textOf } from './ast.ts';
import { bindNames } from './binding.ts';
import type { Dim } from './dim.ts';
import * as dims from './dim.ts';
import type { SiteDraft, SizeField } from './draft.ts';
import { fact } from './fact.ts';
import { layerSizes } from './layerSizes.ts';
import type { OnAttention } from './ops/contractions.ts';
import { asDim, asItems, asTensor, giveRank } from './ops/operation.ts';
import { factorsOf } from './polynomial.ts';
import { readOptions } from './siteOptions.ts';
import { type BoundArguments, type Layer, type Scores, type Tensor, tensor, type Value } from './value.ts';

type Sizes = SiteDraft['sizes'];

function blank(analysis: Analysis, api: string, callee: string, node: Expression): SiteDraft {
  return {
    node,
    api,
    callee,
    sizes: {},
    dtype: null,
    causal: null,
    window: null,
    bias: null,
    alibi: null,
    softcap: null,
    sinks: null,
    dropout: null,
    scale: null,
    packed: null,
    tensors: [],
    assumptions: analysis.assumptions,
  };
}

const calleeText = (node: Expression) => textOf(node.kind === 'call' ? node.callee : node, 80);

/** A call of which only the function is known. */
export function describeUnknown(
  analysis: Analysis,
  api: AttentionApi,
  node: Expression,
): { draft: SiteDraft; result: Value } {
  return { draft: blank(analysis, api.id, calleeText(node), node), result: tensor(null) };
}

/** What a call of attention computes, by the row of its function and the values of its arguments. */
export function describeCall(
  analysis: Analysis,
  api: AttentionApi,
  layer: Layer | null,
  args: BoundArguments,
  node: Expression,
): { draft: SiteDraft; result: Value } {
  const bound = bindNames(api.parameters, args);
  const built =
    layer && api.constructorParameters
      ? bindNames(api.constructorParameters, layer.args)
      : new Map<string, Value>();
  const draft = blank(analysis, api.id, calleeText(node), node);
  const { q, k, v } = tensorsOf(api, bound, draft);
  const layouts = layoutsOf(api, bound, built);
  // All three have one rank, unless the row gives k and v layouts of their own.
  if (q?.shape && !api.kvLayouts)
    for (const x of [k, v]) if (x) giveRank(x, q.shape.length, analysis.symbols);
  if (layouts) {
    const own = layouts.q;
    draft.sizes = mergeSizes(
      rolesOf(own, q, 'q', node),
      rolesOf(layouts.kv, k, 'k', node),
      rolesOf(layouts.kv, v, 'v', node),
    );
  }
  // One matrix of keys that is also the values, or a tensor that is all three, has one width.
  draft.sizes.headDimV ??= null;
  draft.dtype = q?.dtype ?? k?.dtype ?? null;
  if (layer) layerSizes(analysis, api, built, draft, layer);
  readOptions(api, bound, built, draft, args.open);
  if (!mayPack(api)) draft.packed = { value: false, fact: fact('literal', node) };
  specials(analysis, api, bound, draft, { q, k, v });
  if (draft.sizes.kvHeads === undefined && draft.sizes.heads && k === q)
    draft.sizes.kvHeads = draft.sizes.heads;
  return { draft, result: resultOf(q, v, layer) };
}

/** Output has the shape of q, with the width of v. */
function resultOf(q: Tensor | null, v: Tensor | null, layer: Layer | null): Value {
  if (!q?.shape) return tensor(null, q?.dtype ?? null);
  const width = v?.shape?.at(-1);
  const shape =
    width && !layer && q.shape.length === v?.shape?.length ? [...q.shape.slice(0, -1), width] : q.shape;
  return tensor(shape, q.dtype);
}

function tensorsOf(api: AttentionApi, bound: Map<string, Value>, draft: SiteDraft) {
  const find = (name: string): Tensor | null => {
    const value = bound.get(name);
    const found = asTensor(value);
    if (found) draft.tensors.push({ name, tensor: found, node: argumentNode(draft.node, api, name) });
    return found;
  };
  const { tensors } = api;
  if ('qkv' in tensors) {
    const value = bound.get(tensors.qkv);
    if (asItems(value)) return { q: null, k: null, v: null };
    const all = find(tensors.qkv);
    return { q: all, k: all, v: all };
  }
  if ('kv' in tensors) {
    const q = find(tensors.q);
    const kv = find(tensors.kv);
    return { q, k: kv, v: kv };
  }
  const q = find(tensors.q);
  const k = find(tensors.k);
  // Keras: without a key, the value is the key.
  const v = find(tensors.v);
  const self = api.derive === 'linenMultihead' || api.derive === 'nnxMultihead';
  const isKeras = api.derive === 'kerasMultihead' || api.derive === 'kerasGrouped';
  return { q, k: k ?? (isKeras ? v : self ? q : null), v: v ?? (self ? q : null) };
}

function argumentNode(node: Expression, api: AttentionApi, name: string): Expression {
  if (node.kind !== 'call') return node;
  const named = node.args.find((argument) => argument.name === name);
  const index = api.parameters.indexOf(name);
  const positional = node.args.filter((argument) => argument.name === null);
  return (named ?? positional[index])?.value ?? node;
}

function layoutsOf(api: AttentionApi, bound: Map<string, Value>, built: Map<string, Value>) {
  let q = api.layouts;
  if (api.special === 'tensorLayout') {
    const given = bound.get('tensor_layout') ?? bound.get('kv_layout');
    if (api.id === 'sageattn' && given) {
      if (given.kind !== 'string') return null;
      if (given.value === 'NHD') q = { 4: 'BSHD' };
      else if (given.value !== 'HND') return null;
    }
    if (api.id.startsWith('flashinfer') && given) {
      if (given.kind !== 'string') return null;
      return { q, kv: given.value === 'HND' ? { 3: 'HSD' } : q };
    }
  }
  if (api.special === 'transformerEngine') {
    const given = built.get('qkv_format') ?? bound.get('qkv_format');
    if (given && given.kind !== 'string') return null;
    const format = given?.kind === 'string' ? given.value : 'sbhd';
    if (!/^(sbhd|bshd|thd)$/.test(format)) return null;
    q = format === 'thd' ? { 3: 'THD' } : { 4: format.toUpperCase() };
  }
  if (api.derive === 'torchMultihead') {
    const first = built.get('batch_first');
    if (first && first.kind !== 'bool') return null;
    if (first?.kind === 'bool' && first.value) q = { 3: 'BSE', 2: 'SE' };
  }
  return { q, kv: api.kvLayouts ?? q };
}

const letters: Record<string, { q: SizeField | null; k: SizeField | null; v: SizeField | null }> = {
  B: { q: 'batch', k: 'batch', v: 'batch' },
  H: { q: 'heads', k: 'kvHeads', v: 'kvHeads' },
  S: { q: 'seqLenQ', k: 'seqLenKv', v: 'seqLenKv' },
  D: { q: 'headDim', k: 'headDim', v: 'headDimV' },
};

/** Sizes by role of one tensor, by the layout that its rank has. */
function rolesOf(
  layouts: Record<number, string>,
  x: Tensor | null,
  which: 'q' | 'k' | 'v',
  node: Expression,
): Sizes {
  const shape = x?.shape;
  if (!shape) return {};
  const layout = layouts[shape.length] ?? (shape.length > 4 && layouts[4] === 'BHSD' ? null : undefined);
  if (layout === undefined) return {};
  const sizes: Sizes = {};
  const trail = layout ?? 'BHSD';
  const front = shape.length - trail.length;
  const group = trail.indexOf('G');
  for (const [index, letter] of [...trail].entries()) {
    const field = letters[letter]?.[which];
    const dim = shape[index + front];
    if (field && dim) sizes[field] = dim;
  }
  // More axes in front than a batch: all of them are.
  if (front > 0) sizes.batch = dims.product(shape.slice(0, front + 1)) ?? null;
  if (group >= 0 && which === 'q') {
    sizes.heads = dims.multiply(shape[group]!, shape[trail.indexOf('H')]!) ?? null;
  }
  if (group >= 0 && which !== 'q') sizes.kvHeads = shape[group]!;
  if (!trail.includes('B') && !trail.includes('T') && !trail.includes('N'))
    sizes.batch = dims.number(1, fact('literal', node));
  if (trail === 'BSD') splitBatch(sizes, which, node);
  return sizes;
}

/** Three axes are one head, unless the first is a product that names heads. */
function splitBatch(sizes: Sizes, which: 'q' | 'k' | 'v', node: Expression): void {
  const { batch } = sizes;
  const heads = which === 'q' ? 'heads' : 'kvHeads';
  const factors = batch ? factorsOf(batch.p) : null;
  const at =
    factors?.findIndex((factor) => /head|^h$/i.test(dims.nameOf({ p: factor, fact: null }) ?? '')) ?? -1;
  if (factors && at >= 0 && batch) {
    sizes[heads] = { p: factors[at]!, fact: null };
    const rest = factors.filter((_, index) => index !== at).map((p): Dim => ({ p, fact: null }));
    sizes.batch = dims.product(rest);
  } else if (batch && dims.sizeOf(batch) !== null) sizes[heads] = dims.number(1, fact('literal', node));
}

/** Of two accounts of one size the more telling one. */
function better(a: Dim | null | undefined, b: Dim | null | undefined): Dim | null {
  if (!a || !b) return a ?? b ?? null;
  if (dims.sizeOf(a) !== null) return dims.sizeOf(a) === 1 && dims.sizeOf(b) !== null ? b : a;
  if (dims.sizeOf(b) !== null && dims.sizeOf(b) !== 1) return b;
  return dims.nameOf(a) !== null ? a : dims.nameOf(b) !== null ? b : a;
}

function mergeSizes(q: Sizes, k: Sizes, v: Sizes): Sizes {
  return {
    batch: better(q.batch, better(k.batch, v.batch)),
    heads: q.heads ?? null,
    kvHeads: better(k.kvHeads, v.kvHeads),
    seqLenQ: q.seqLenQ ?? null,
    seqLenKv: better(k.seqLenKv, v.seqLenKv),
    headDim: better(q.headDim, k.headDim),
    headDimV: v.headDimV ?? null,
  };
}

/** Whether rows of one batch entry may belong to several sequences. */
const mayPack = (api: AttentionApi) =>
  api.special === 'varlen' ||
  api.special === 'kvCache' ||
  api.special === 'xformersBias' ||
  api.derive === 'engine';

function specials(
  analysis: Analysis,
  api: AttentionApi,
  bound: Map<string, Value>,
  draft: SiteDraft,
  { q, k }: { q: Tensor | null; k: Tensor | null; v: Tensor | null },
): void {
  if (api.special === 'varlen') {
    const lengths = asTensor(bound.get('cu_seqlens_q') ?? bound.get('cu_seqlens') ?? bound.get('cu_seq_q'));
    const ends = lengths?.shape?.length === 1 ? lengths.shape[0]! : null;
    draft.sizes.batch = ends ? dims.subtract(ends, dims.number(1, null)) : null;
    const longest = bound.get('max_seqlen_q') ?? bound.get('max_seqlen') ?? bound.get('max_q');
    const longestKv = bound.get('max_seqlen_k') ?? bound.get('max_k') ?? bound.get('max_seqlen');
    draft.sizes.seqLenQ = sizeArgument(analysis, longest);
    draft.sizes.seqLenKv = sizeArgument(analysis, longestKv);
    const values = lengths?.values?.map((dim) => dims.sizeOf(dim));
    if (values && values.length >= 2 && values.every((value) => value !== null)) {
      const ends = values as number[];
      const each = ends.slice(1).map((end, index) => end - ends[index]!);
      if (each.every((length) => length > 0))
        draft.packed = { value: each, fact: fact('literal', draft.node) };
    }
  }
  if (api.special === 'kvCache') kvCache(bound, draft, q, k);
  if (api.special === 'hugging') {
    // The interface takes k and v before they are repeated; whether it is causal is an attribute of the module.
    const module = bound.get('module');
    const flag = module?.kind === 'instance' ? module.attributes.get('is_causal') : undefined;
    if (!bound.has('is_causal') && flag?.kind === 'bool') {
      draft.causal = { value: flag.value ? 'top-left' : false, fact: flag.fact };
    }
  }
}

function sizeArgument(analysis: Analysis, value: Value | undefined): Dim | null {
  const dim = asDim(value, analysis.symbols);
  return dim && (dims.sizeOf(dim) !== null || dims.nameOf(dim) !== null) ? dim : null;
}

/** The cache holds `cache_seqlens` keys, and the new ones; its own axis is only how many it could hold. */
function kvCache(bound: Map<string, Value>, draft: SiteDraft, q: Tensor | null, k: Tensor | null): void {
  const paged = ['block_table', 'page_table'].some(
    (name) => bound.has(name) && bound.get(name)?.kind !== 'none',
  );
  const given = bound.get('cache_seqlens');
  const fresh = asTensor(bound.get('k'));
  const capacity = draft.sizes.seqLenKv ?? null;
  if (k?.shape?.length === 4 && !paged) {
    draft.sizes.kvHeads = k.shape[2]!;
    draft.sizes.batch = better(draft.sizes.batch, bound.has('cache_batch_idx') ? null : k.shape[0]!);
  }
  if (fresh?.shape?.length === 4) {
    draft.sizes.kvHeads ??= fresh.shape[2]!;
    draft.sizes.headDim ??= fresh.shape[3]!;
  }
  if (q?.shape?.length === 3) draft.sizes.batch = null;
  if (!given || given.kind === 'none') {
    draft.sizes.seqLenKv = paged || (given?.kind === 'none' && fresh) ? null : capacity;
    return;
  }
  const filled = given.kind === 'int' ? given.dim : commonValue(asTensor(given));
  const added =
    bound.get('k')?.kind === 'none' || !bound.has('k')
      ? dims.number(0, null)
      : fresh?.shape?.length === 4
        ? fresh.shape[1]!
        : null;
  const total = filled && added ? dims.add(filled, added) : null;
  draft.sizes.seqLenKv = total && dims.sizeOf(total) !== null ? total : null;
}

function commonValue(x: Tensor | null): Dim | null {
  const [first, ...rest] = x?.values ?? [];
  return first && rest.every((other) => dims.same(first, other)) ? first : null;
}

/** Softmax of a product of q and k, times v, spelled out. */
export function describeManual(
  analysis: Analysis,
  scores: Scores,
  v: Tensor,
  extra: Parameters<OnAttention>[2],
): SiteDraft {
  const draft = blank(analysis, scores.api, textOf(scores.node, 80), scores.node);
  const { q, k, roles } = scores;
  if (roles) draft.sizes = { ...roles };
  else {
    const layouts: Record<number, string> = { 4: 'BHSD', 3: 'BSD', 2: 'SD' };
    draft.sizes = mergeSizes(
      rolesOf(layouts, q, 'q', scores.node),
      rolesOf(layouts, k, 'k', scores.node),
      rolesOf(layouts, v, 'v', scores.node),
    );
    // Of more than four axes no rule tells which are heads.
    if ((q.shape?.length ?? 0) > 4) draft.sizes = { ...draft.sizes, batch: null, heads: null, kvHeads: null };
    // Three axes may be batch and heads folded; only a product says so.
    if (q.shape?.length === 3 && draft.sizes.heads && dims.sizeOf(draft.sizes.heads) === 1) {
      draft.sizes = { ...draft.sizes, batch: null, heads: null, kvHeads: null };
    }
  }
  if (extra.headDimV) draft.sizes.headDimV = extra.headDimV;
  draft.dtype = q.dtype ?? k.dtype;
  draft.tensors = [
    { name: 'q', tensor: q, node: scores.node },
    { name: 'k', tensor: k, node: scores.node },
    { name: 'v', tensor: v, node: scores.node },
  ];
  const origin = fact('literal', scores.node);
  if (scores.causal !== 'unknown')
    draft.causal = { value: scores.causal === 'causal' ? 'top-left' : false, fact: origin };
  draft.bias = scores.bias ? null : { value: false, fact: origin };
  draft.packed = { value: false, fact: origin };
  for (const option of ['alibi', 'sinks'] as const) draft[option] = { value: false, fact: origin };
  for (const option of ['window', 'softcap'] as const)
    draft[option] = scores.bias ? null : { value: false, fact: origin };
  return draft;
}
