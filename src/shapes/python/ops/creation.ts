import { number } from '../dim.ts';
import { fact } from '../fact.ts';
import { type DtypeFact, type Tensor, tensor, type Value } from '../value.ts';
import {
  argument,
  asDim,
  asDtype,
  asItems,
  asTensor,
  type Operation,
  type OperationCall,
  sizesFrom,
} from './operation.ts';

function dtypeArgument(call: OperationCall): DtypeFact | null | undefined {
  const given = call.keywords.get('dtype');
  if (!given) return undefined;
  const known = asDtype(given, call.node);
  if (known || given.kind !== 'opaque' || given.name === null) return known;
  return { name: '', symbol: given.name, fact: fact('literal', call.node) };
}

/** Float tensors are f32, numpy's f64, where nothing else is said (torch and jax; `set_default_dtype` is looked for elsewhere). */
function create(call: OperationCall, shape: Tensor['shape']): Tensor {
  const given = dtypeArgument(call);
  return tensor(
    shape,
    given === undefined
      ? { name: call.library === 'numpy' ? 'f64' : 'f32', fact: fact('literal', call.node) }
      : given,
  );
}

/** `randn(2, 3)`, `zeros((2, 3))`, `empty(size=[2, 3])`. */
const bySizes: Operation = (call) => {
  const made = create(call, sizesFrom(call, 0));
  const filled = call.name === 'zeros' ? 0 : call.name === 'ones' ? 1 : null;
  // One row of the same number may be lengths.
  if (filled !== null && made.shape?.length === 1) made.values = [sizeOf(call, filled)];
  return made;
};

/** `jax.random.normal(key, (2, 3))`, `randint(0, 10, (2, 3))`, `full((2, 3), 1.0)`: a tuple says the sizes. */
const byTuple: Operation = (call) => {
  const named = call.keywords.get('size') ?? call.keywords.get('shape');
  const found = named ?? call.args.find((value) => asItems(value) !== null);
  const from = call.name === 'normal' || call.name === 'uniform' ? argument(call, 1, 'dtype') : undefined;
  const sizes = found ? sizesFrom({ ...call, args: [found], keywords: new Map() }, 0) : null;
  const result = create(call, sizes);
  const positional = call.args.at(-1);
  const dtype = from && positional ? asDtype(positional, call.node) : null;
  if (dtype) result.dtype = dtype;
  return result;
};

const full: Operation = (call) => {
  const made = byTuple(call);
  const fill = asDim(argument(call, 1, 'fill_value'), call.symbols);
  if (made?.kind === 'tensor' && made.shape?.length === 1 && fill) made.values = [fill];
  return made;
};

const whole: Operation = (call) => {
  const made = byTuple(call);
  if (made?.kind === 'tensor' && !call.keywords.has('dtype')) made.dtype = null;
  return made;
};

/** The shape and, unless another is given, the dtype of the argument. */
const like: Operation = (call) => {
  const source = asTensor(call.args[0]);
  if (!source) return null;
  const given = dtypeArgument(call);
  return { ...tensor(source.shape, given === undefined ? source.dtype : given) };
};

/** `x.new_zeros(2, 3)`. */
const newSizes: Operation = (call) => {
  const source = asTensor(call.args[0]);
  const given = dtypeArgument(call);
  return tensor(sizesFrom(call, 1), given === undefined ? (source?.dtype ?? null) : given);
};

/** A mask that hides what comes after: `tril(ones(n, n))`, `triu(full, diagonal=1)`. */
const triangle: Operation = (call) => {
  const source = asTensor(call.args[0]);
  return { ...tensor(source?.shape ?? null, source?.dtype ?? null), mask: 'causal' };
};

/** `torch.tensor([0, 76, 110])`: short lists of whole numbers are kept, as they may be lengths. */
const fromValues: Operation = (call) => {
  const [first] = call.args;
  const items = asItems(first);
  if (!items)
    return first?.kind === 'tensor' ? { ...first, dtype: dtypeArgument(call) ?? first.dtype } : null;
  const inner = items[0] && asItems(items[0]);
  const one = (value: number) => ({ kind: 'int' as const, dim: sizeOf(call, value) });
  const made = tensor(inner ? [one(items.length).dim, one(inner.length).dim] : [one(items.length).dim]);
  made.dtype = dtypeArgument(call) ?? null;
  if (!inner && items.length <= 64) {
    const values = items.map((item) => asDim(item, call.symbols));
    if (values.every((value) => value !== null)) made.values = values;
  }
  return made;
};

const range: Operation = (call) => {
  const count = call.args.length === 1 ? asDim(call.args[0], call.symbols) : null;
  return tensor([count ?? call.symbols.dim()], dtypeArgument(call) ?? null);
};

function sizeOf(call: OperationCall, value: number) {
  return number(value, fact('literal', call.node));
}

const parameter: Operation = (call): Value | null => call.args[0] ?? null;

export const creation: Record<string, Operation> = {
  randn: bySizes,
  rand: bySizes,
  zeros: bySizes,
  ones: bySizes,
  empty: bySizes,
  normal: byTuple,
  uniform: byTuple,
  truncated_normal: byTuple,
  random_normal: byTuple,
  full,
  randint: whole,
  randn_like: like,
  rand_like: like,
  zeros_like: like,
  ones_like: like,
  empty_like: like,
  full_like: like,
  new_zeros: newSizes,
  new_ones: newSizes,
  new_empty: newSizes,
  new_full: newSizes,
  tril: triangle,
  triu: triangle,
  tensor: fromValues,
  as_tensor: fromValues,
  array: fromValues,
  asarray: fromValues,
  arange: range,
  Parameter: parameter,
};
