import type { Expression } from '../ast.ts';
import type { Dim, Symbols } from '../dim.ts';
import * as dims from '../dim.ts';
import { fact } from '../fact.ts';
import { type DtypeFact, opaque, type Tensor, tensor, type Value } from '../value.ts';

/** A call of a tensor function or method; a method's tensor is the first argument. */
export interface OperationCall {
  symbols: Symbols;
  node: Expression;
  /** The name it was called by. */
  name: string;
  /** First part of the function's path, `torch` or `jax`; methods are taken for torch's. */
  library: string;
  args: Value[];
  keywords: Map<string, Value>;
  /** Calls what the code passed as a function. */
  apply: (callee: Value, args: Value[]) => Value;
}

/** Null where nothing can be said of the result. */
export type Operation = (call: OperationCall) => Value | null;

export function argument(call: OperationCall, index: number, ...names: string[]): Value | undefined {
  for (const name of names) {
    const value = call.keywords.get(name);
    if (value) return value;
  }
  return call.args[index];
}

/** The tensor that a value is or, where nothing is known of it, is taken to be from here on. */
export function asTensor(value: Value | undefined): Tensor | null {
  if (value?.kind === 'tensor') return value;
  if (value?.kind === 'many') return asTensor(value.item);
  if (value?.kind !== 'opaque') return null;
  value.tensor ??= tensor(null);
  return value.tensor;
}

export function asDim(value: Value | undefined, symbols: Symbols): Dim | null {
  if (value?.kind === 'int') return value.dim;
  if (value?.kind === 'many') return asDim(value.item, symbols);
  if (value?.kind !== 'opaque') return null;
  value.dim ??= symbols.dim(value.name);
  return value.dim;
}

/** A whole number that is written out, or known by a name. */
export function asNumber(value: Value | undefined): number | null {
  return value?.kind === 'int' ? dims.sizeOf(value.dim) : null;
}

export function asText(value: Value | undefined): string | null {
  return value?.kind === 'string' ? value.value : null;
}

export function asItems(value: Value | undefined): Value[] | null {
  return value?.kind === 'sequence' ? value.items : null;
}

/** The sizes in `f(2, 3, 4)`, `f((2, 3, 4))` or `f(size=[2, 3, 4])`, from argument `from` on. */
export function sizesFrom(call: OperationCall, from: number): Dim[] | null {
  const named = call.keywords.get('size') ?? call.keywords.get('shape') ?? call.keywords.get('newshape');
  const first = named ?? call.args[from];
  if (!first) return null;
  const values = asItems(first) ?? (named ? [named] : call.args.slice(from));
  return sizesOf(values, call.symbols);
}

export function sizesOf(values: readonly Value[], symbols: Symbols): Dim[] | null {
  const sizes: Dim[] = [];
  for (const value of values) {
    const dim = asDim(value, symbols);
    if (!dim) return null;
    sizes.push(dim);
  }
  return sizes;
}

const dtypeNames: Record<string, string> = {
  float16: 'f16',
  half: 'f16',
  bfloat16: 'bf16',
  float32: 'f32',
  float: 'f32',
  float64: 'f64',
  double: 'f64',
};

const otherDtypes = /^(u?int(8|16|32|64)?|long|short|bool|bool_|uint8|complex\d*|float8_\w+)$/;

/** What a value says as a dtype: `torch.float16`, `jnp.bfloat16`, `"float32"`. */
export function asDtype(value: Value | undefined, node: Expression): DtypeFact | null {
  if (value?.kind === 'dtype') return value.dtype;
  const path = value?.kind === 'ref' ? value.path : value?.kind === 'string' ? value.value : null;
  if (path === null || path.length > 60) return null;
  const last = path.slice(path.lastIndexOf('.') + 1);
  const name = dtypeNames[last] ?? (otherDtypes.test(last) ? last : null);
  return name === null ? null : { name, fact: fact('literal', node) };
}

export function integer(dim: Dim): Value {
  return { kind: 'int', dim };
}

/** Index of a dimension counted from the end where it is negative; null where it is not one. */
export function axis(value: Value | undefined, rank: number, fallback: number | null = null): number | null {
  const given = value ? asNumber(value) : fallback;
  if (given === null || given < -rank || given >= rank) return null;
  return given < 0 ? given + rank : given;
}

/** A tensor of the same dtype with another shape; an unknown shape stays one. */
export function reshaped(from: Tensor, shape: Dim[] | null): Tensor {
  return { ...tensor(shape, from.dtype), mask: from.mask };
}

/** Says the rank of a tensor that had none; sizes that were asked for before keep their places. */
export function giveRank(x: Tensor, rank: number, symbols: Symbols): Dim[] {
  x.shape ??= Array.from(
    { length: rank },
    (_, index) => x.partial?.get(index - rank) ?? x.partial?.get(index) ?? symbols.dim(),
  );
  return x.shape;
}

/** A tensor of unknown rank of which the size of one axis, counted from the end, is known. */
export function withLast(from: Tensor, size: Dim | null, symbols: Symbols): Tensor {
  const made = reshaped(from, null);
  from.partial ??= new Map();
  // What stands in front is shared, whether or not it was asked for yet.
  for (const at of [0, 1]) if (!from.partial.has(at)) from.partial.set(at, symbols.dim());
  made.partial = new Map([...from.partial].filter(([at]) => at >= 0 && at < 2));
  if (size) made.partial.set(-1, size);
  return made;
}

export function unknown(): Value {
  return opaque(null);
}
