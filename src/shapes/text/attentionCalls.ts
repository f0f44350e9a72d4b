import type { Dtype } from '../../attention/problem.ts';
import type { Code } from './evaluate.ts';
import { type Known, literal, unknown } from './known.ts';
import type { Draft } from './site.ts';
import type { Expression } from './syntax.ts';
import { type TensorShape, tensorOf } from './tensors.ts';

/** A call that was found: its name, its arguments and the tokens it spans. */
export interface FoundCall {
  name: string;
  callArguments: Expression[];
  /** Index of the token of the name. */
  place: number;
  start: number;
  end: number;
}

type Reader = (code: Code, call: FoundCall) => Draft | null;

/** The attention functions of other languages whose arguments are tensors. Adding one is one row. */
export const tensorCalls: Record<string, Reader> = {
  dotProductAttention: jaxJs,
  scaled_dot_product_attention: torchSdpa,
  ggml_flash_attn_ext: ggmlFlash,
  test_flash_attn_ext: ggmlTest,
};

type Axis = 'batch' | 'heads' | 'length' | 'dim';

/** jax-js: (B, T, N, H) or (T, N, H), causal from the top left corner as in JAX. */
function jaxJs(code: Code, { callArguments, place, start, end }: FoundCall): Draft | null {
  if (code.family !== 'script' || callArguments.length < 3) return null;
  const [query, key, value, given] = callArguments;
  const layout = (rank: number): Axis[] | null =>
    rank === 4 ? ['batch', 'length', 'heads', 'dim'] : rank === 3 ? ['length', 'heads', 'dim'] : null;
  const read = fromTensors(code, [query!, key!, value!], place, layout);
  if (given && given.kind !== 'record')
    return { start, end, api: 'jaxjs.dotProductAttention', callee: 'dotProductAttention', ...read };
  const options = given?.entries ?? [];
  const option = (name: string) => options.find(({ key: each }) => each === name)?.value;
  const causal = truth(option('isCausal'));
  const window = option('localWindowSize');
  const scale = option('scale');
  const isMasked = option('mask') !== undefined || option('bias') !== undefined;
  return {
    start,
    end,
    api: 'jaxjs.dotProductAttention',
    callee: 'dotProductAttention',
    ...read,
    options: {
      ...read.options,
      // A mask may well be a causal one.
      ...(causal === null || (!causal && isMasked) ? {} : { causal: said(causal && ('top-left' as const)) }),
      ...(window ? {} : { window: said(false as const) }),
      bias: said(isMasked),
      alibi: said(false),
      softcap: said(false as const),
      sinks: said(false),
      dropout: said(false as const),
      ...(scale
        ? scale.kind === 'number'
          ? { scale: said(scale.value) }
          : {}
        : { scale: said('default' as const) }),
    },
  };
}

/** The C++ function of PyTorch: (B, H, S, D), q, k, v, mask, dropout, causal, scale, grouped heads. */
function torchSdpa(code: Code, { callArguments, place, start, end }: FoundCall): Draft | null {
  if (code.family !== 'c' || callArguments.length < 3) return null;
  const [query, key, value, mask, dropout, isCausal, scale] = callArguments;
  const layout = (rank: number): Axis[] | null =>
    rank === 4 ? ['batch', 'heads', 'length', 'dim'] : rank === 3 ? ['batch', 'length', 'dim'] : null;
  const read = fromTensors(code, [query!, key!, value!], place, layout);
  const hasMask = mask === undefined ? false : isNothing(mask) ? false : null;
  const causal = isCausal === undefined ? false : truth(isCausal);
  const rate = dropout === undefined ? 0 : dropout.kind === 'number' ? dropout.value : null;
  return {
    start,
    end,
    api: 'torch.sdpa',
    callee: 'scaled_dot_product_attention',
    ...read,
    options: {
      ...read.options,
      ...(causal === null || (!causal && hasMask === null)
        ? {}
        : { causal: said(causal && ('top-left' as const)) }),
      ...(hasMask === null ? {} : { bias: said(hasMask) }),
      ...(rate === null ? {} : { dropout: said(rate === 0 ? (false as const) : rate) }),
      ...(scale === undefined ? { scale: said('default' as const) } : {}),
      window: said(false as const),
      alibi: said(false),
      softcap: said(false as const),
      sinks: said(false),
    },
  };
}

/** ggml: ne is (D, S, H, B), the reverse of PyTorch's; the mask is added to the scores and may be causal. */
function ggmlFlash(code: Code, { callArguments, place, start, end }: FoundCall): Draft | null {
  if (code.family !== 'c' || callArguments.length < 5) return null;
  const [, query, key, value, mask, scale, maxBias, softcap] = callArguments;
  const read = fromTensors(code, [query!, key!, value!], place, (rank) =>
    rank === 4 ? ['batch', 'heads', 'length', 'dim'] : null,
  );
  const noMask = isNothing(mask!);
  return {
    start,
    end,
    api: 'ggml_flash_attn_ext',
    callee: 'ggml_flash_attn_ext',
    ...read,
    options: {
      ...read.options,
      ...(noMask ? { causal: said(false as const), bias: said(false), window: said(false as const) } : {}),
      ...(maxBias?.kind === 'number' ? { alibi: said(maxBias.value !== 0) } : {}),
      ...(softcap?.kind === 'number'
        ? { softcap: said(softcap.value === 0 ? (false as const) : softcap.value) }
        : {}),
      ...(scale?.kind === 'number' ? { scale: said(scale.value) } : {}),
    },
  };
}

/** ggml's own test: hsk, hsv, kv heads, {heads per kv head, batch}, keys, queries, mask, ... */
function ggmlTest(code: Code, { callArguments, place, start, end }: FoundCall): Draft | null {
  const [keyDim, valueDim, kvHeads, ratio, keys, queries, mask] = callArguments;
  if (code.family !== 'c' || !queries || ratio?.kind !== 'list' || ratio.items.length !== 2) return null;
  const [headDim, headDimV, sharedHeads, group, batch, seqLenKv, seqLenQ] = [
    ...[keyDim!, valueDim!, kvHeads!, ratio.items[0]!, ratio.items[1]!, keys!, queries],
  ].map((each) => code.size(each, place)) as [Known, Known, Known, Known, Known, Known, Known];
  const heads = { ...sharedHeads };
  if (sharedHeads.value !== null && group.value !== null) heads.value = sharedHeads.value * group.value;
  else
    Object.assign(
      heads,
      unknown(`${sharedHeads.value ?? sharedHeads.symbol} * ${group.value ?? group.symbol}`),
    );
  const noMask = mask?.kind === 'name' && mask.path === 'false';
  return {
    start,
    end,
    api: 'ggml.test_flash_attn_ext',
    callee: 'test_flash_attn_ext',
    sizes: { batch, heads, kvHeads: sharedHeads, seqLenQ, seqLenKv, headDim, headDimV },
    ...(noMask ? { options: { causal: said(false as const), bias: said(false) } } : {}),
  };
}

const said = <T>(value: T) => ({ value, basis: 'literal' as const });

/** True and false as the code writes them; null for what is neither. */
export function truth(expression: Expression | undefined): boolean | null {
  if (expression === undefined) return false;
  if (expression.kind !== 'name') return null;
  return expression.path === 'true' ? true : expression.path === 'false' ? false : null;
}

function isNothing(expression: Expression): boolean {
  if (expression.kind === 'list') return expression.items.length === 0;
  const nothing = /^(?:nullptr|NULL|c10\.nullopt|std\.nullopt|at\.nullopt|null|undefined)$/;
  return (
    (expression.kind === 'name' && nothing.test(expression.path)) ||
    (expression.kind === 'call' && expression.callArguments.length === 0 && isEmptyTensor(expression.callee))
  );
}

const isEmptyTensor = (callee: Expression) =>
  callee.kind === 'name' && /^(?:at\.Tensor|torch\.Tensor|Tensor)$/.test(callee.path);

type TensorReading = Pick<Draft, 'sizes' | 'tensors' | 'evidence'> & {
  options: { dtype?: { value: Dtype; basis: 'literal' } };
};

function fromTensors(
  code: Code,
  [query, key, value]: [Expression, Expression, Expression],
  place: number,
  layout: (rank: number) => Axis[] | null,
): TensorReading {
  const [q, k, v] = [query, key, value].map((each) => tensorOf(code, each, place)) as (TensorShape | null)[];
  const axis = (tensor: TensorShape | null | undefined, name: Axis): Known => {
    const axes = tensor ? layout(tensor.dims.length) : null;
    const at = axes?.indexOf(name) ?? -1;
    if (tensor && axes && at < 0) return literal(1);
    return at < 0 ? unknown() : tensor!.dims[at]!;
  };
  const either = (a: Known, b: Known) => (a.value === null && b.value !== null ? b : a);
  const sizes: Draft['sizes'] = {
    batch: either(axis(q, 'batch'), axis(k, 'batch')),
    heads: axis(q, 'heads'),
    kvHeads: either(axis(k, 'heads'), axis(v, 'heads')),
    seqLenQ: axis(q, 'length'),
    seqLenKv: either(axis(k, 'length'), axis(v, 'length')),
    headDim: either(axis(q, 'dim'), axis(k, 'dim')),
    headDimV: axis(v, 'dim'),
  };
  const dtype = q?.dtype ?? null;
  const tensors = [q, k, v].flatMap((tensor, index) => {
    if (!tensor) return [];
    const { at } = [query, key, value][index]!;
    const text = tensor.dims.map(({ value: size, symbol }) => size ?? symbol ?? '?').join(', ');
    return [{ name: 'qkv'[index]!, text, ...code.lines.locate(at.start) }];
  });
  const evidence = [query, key, value].flatMap((each) => madeAt(code, each, place));
  return { sizes, tensors, evidence, options: dtype ? { dtype: said(dtype) } : {} };
}

/** The line on which a tensor is made. */
function madeAt(code: Code, expression: Expression, place: number) {
  if (expression.kind !== 'name') return [];
  const found = code.definition(expression.path.replace(/\.ref$/, ''), place);
  return found ? [code.evidence(found.declaration.at, 'literal')] : [];
}
