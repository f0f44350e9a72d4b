import type { Dim } from '../dim.ts';
import * as dims from '../dim.ts';
import type { Scores, Tensor, Value } from '../value.ts';
import { argument, asDtype, asTensor, type Operation, reshaped } from './operation.ts';

/** Shape, dtype, and what the tensor is on its way to: a scaled score is a score. */
const same: Operation = (call) => asTensor(call.args[0]);

function withDtype(name: string): Operation {
  return (call) => {
    const x = asTensor(call.args[0]);
    const dtype = asDtype({ kind: 'string', value: name }, call.node);
    return x && { ...x, dtype };
  };
}

/** `x.to(torch.float16)`, `x.to("cuda", torch.half)`, `x.to(other)`, `x.astype(jnp.bfloat16)`. */
const to: Operation = (call) => {
  const x = asTensor(call.args[0]);
  if (!x) return null;
  const given = [...call.args.slice(1), ...(call.keywords.has('dtype') ? [call.keywords.get('dtype')!] : [])];
  for (const value of given) {
    const dtype = asDtype(value, call.node);
    if (dtype) return { ...x, dtype };
    if (value.kind === 'tensor') return { ...x, dtype: value.dtype };
    // A dtype that is not known replaces the one that was; a device leaves it.
    const name = value.kind === 'opaque' ? value.name : value.kind === 'ref' ? value.path : null;
    if (name !== null && /dtype|precision/i.test(name)) return { ...x, dtype: null };
  }
  return x;
};

const typeAs: Operation = (call) => {
  const x = asTensor(call.args[0]);
  return x && { ...x, dtype: asTensor(call.args[1])?.dtype ?? null };
};

/** Broadcasts two operands; keeps what the left one is on its way to. */
export function broadcast(a: Tensor, b: Tensor | null): Tensor {
  if (!b?.shape || !a.shape) {
    // A number changes no shape; of a tensor of unknown rank nothing is known.
    return b && !b.shape && a.shape && a.origin === null ? a : a;
  }
  const rank = Math.max(a.shape.length, b.shape.length);
  const shape: Dim[] = [];
  for (let index = 0; index < rank; index++) {
    const x = a.shape[index - rank + a.shape.length];
    const y = b.shape[index - rank + b.shape.length];
    shape.push(!x || dims.isOne(x) ? (y ?? x!) : x);
  }
  return { ...a, shape };
}

/** What is added to the scores: nothing of note, a causal mask, or another mask. */
export function addToScores(scores: readonly Scores[], added: Tensor | null): readonly Scores[] {
  if (!added) return scores;
  return scores.map((one) =>
    added.mask === 'causal'
      ? { ...one, causal: 'causal' }
      : { ...one, causal: one.causal === 'causal' ? 'causal' : 'unknown', bias: true },
  );
}

/** `scores.masked_fill(mask, -inf)`, `where(mask, scores, -inf)`. */
const masked: Operation = (call) => {
  const [first, second] = call.args;
  const isWhere = call.name === 'where';
  const x = asTensor(isWhere ? second : first);
  const mask = asTensor(isWhere ? first : argument(call, 1, 'mask'));
  if (!x) return null;
  if (x.origin?.kind !== 'scores') {
    return { ...reshaped(x, x.shape), mask: x.mask ?? mask?.mask ?? null };
  }
  const scores = addToScores(x.origin.scores, mask ?? asTensor({ ...unknownMask }));
  return { ...x, origin: { kind: 'scores', scores } };
};

const unknownMask: Value = {
  kind: 'opaque',
  name: null,
  fallback: null,
  tensor: null,
  dim: null,
  attributes: null,
};

const softmax: Operation = (call) => {
  const x = asTensor(call.args[0]);
  if (!x) return null;
  return x.origin?.kind === 'scores' ? { ...x, origin: { kind: 'weights', scores: x.origin.scores } } : x;
};

const dropout: Operation = (call) => {
  const x = asTensor(call.args[0]);
  if (x?.origin?.kind !== 'weights') return x;
  const rate = argument(call, 1, 'p') ?? null;
  return {
    ...x,
    origin: { kind: 'weights', scores: x.origin.scores.map((one) => ({ ...one, dropout: rate })) },
  };
};

/** `x.sum(dim)`, `x.max(dim)`: the axis goes, or becomes one. */
const reduce: Operation = (call) => {
  const x = asTensor(call.args[0]);
  return x && reshaped(x, null);
};

const rename = (operation: Operation, ...names: string[]) =>
  Object.fromEntries(names.map((name) => [name, operation]));

export const elementwise: Record<string, Operation> = {
  ...rename(
    same,
    ...`contiguous cuda cpu detach clone requires_grad_ normal_ uniform_ zero_ fill_ copy_ relu gelu silu tanh sigmoid exp
      sqrt rsqrt abs clamp neg pow square normalize layer_norm rms_norm group_norm batch_norm pin_memory
      stop_gradient device_put block_until_ready with_sharding_constraint identity checkpoint_name logical_not
      div div_ mul_ nan_to_num erf log cos sin round roll flip cumsum retain_grad xavier_uniform_ kaiming_uniform_ npu
      to_device bernoulli_ trunc_normal_ mul_scale sharding_constraint convert_to_tensor float_power leaky_relu elu eval train`.split(
      /\s+/,
    ),
  ),
  half: withDtype('float16'),
  bfloat16: withDtype('bfloat16'),
  float: withDtype('float32'),
  double: withDtype('float64'),
  long: withDtype('int64'),
  int: withDtype('int32'),
  bool: withDtype('bool'),
  to,
  type: to,
  astype: to,
  cast: to,
  type_as: typeAs,
  masked_fill: masked,
  masked_fill_: masked,
  where: masked,
  softmax,
  softmax_: softmax,
  softmax_lastdim: softmax,
  dropout,
  sum: reduce,
  mean: reduce,
  amax: reduce,
  amin: reduce,
  norm: reduce,
};

/** Functions of a project that keep a tensor as it is, by what people call them. */
export const keepsShape =
  /(^|_)(rope|rotary|rotate|norm|rmsnorm|layernorm|dropout|scale|quant|quantize|cast|gelu|silu|relu|contiguous|shard|constrain|constraint|identity|checkpoint)(_|$)|rotary|rope|^norm|norm$/i;
