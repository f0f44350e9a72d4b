import type { Dim, Symbols } from '../dim.ts';
import * as dims from '../dim.ts';
import { fact } from '../fact.ts';
import { sequence, type Tensor, type Value } from '../value.ts';
import {
  argument,
  asDim,
  asItems,
  asNumber,
  asTensor,
  axis,
  type Operation,
  reshaped,
  sizesOf,
  withLast,
} from './operation.ts';

/** More pieces than this are not held one by one. */
const mostPieces = 64;

const piece = (x: Tensor, at: number | null, size: Dim | null, symbols: Symbols): Tensor => {
  if (!x.shape && at === -1) return withLast(x, size, symbols);
  return reshaped(x, x.shape && at !== null && at >= 0 && size ? x.shape.with(at, size) : null);
};

/** The axis that is cut; of a tensor of unknown rank only the last one can be told, as -1. */
function cutAxis(x: Tensor, given: Value | undefined): number | null {
  if (x.shape) return axis(given, x.shape.length, 0);
  return given && asNumber(given) === -1 ? -1 : null;
}

const sizeAt = (x: Tensor, at: number | null): Dim | undefined =>
  at === null ? undefined : x.shape ? x.shape[at] : x.partial?.get(at);

const chunk: Operation = (call) => {
  const x = asTensor(call.args[0]);
  const count = asNumber(argument(call, 1, 'chunks', 'indices_or_sections'));
  if (!x || count === null || count < 1 || count > mostPieces) return null;
  const at = cutAxis(x, argument(call, 2, 'dim', 'axis'));
  const whole = sizeAt(x, at);
  const size = whole ? dims.floorDivide(whole, dims.number(count, fact('literal', call.node))) : null;
  return sequence(Array.from({ length: count }, () => piece(x, at, size, call.symbols)));
};

/** torch: `split(size)` or `split([sizes])`; jax, numpy and tf take a number of pieces or where to cut. */
const split: Operation = (call) => {
  const x = asTensor(call.args[0]);
  const how = argument(
    call,
    1,
    'split_size_or_sections',
    'split_size',
    'num_or_size_splits',
    'indices_or_sections',
  );
  if (!x || !how) return null;
  const at = cutAxis(x, argument(call, 2, 'dim', 'axis'));
  const listed = asItems(how);
  if (listed) {
    const sizes = sizesOf(listed, call.symbols);
    return sequence(listed.map((_, index) => piece(x, at, sizes?.[index] ?? null, call.symbols)));
  }
  if (call.library !== 'torch') return chunk(call);
  const size = asDim(how, call.symbols);
  const whole = sizeAt(x, at);
  if (!size || !whole) return { kind: 'many', item: piece(x, at, size, call.symbols) };
  const count = dims.floorDivide(whole, size);
  const pieces = count && dims.sizeOf(count);
  const exact = count && dims.multiply(count, size);
  if (!pieces || pieces > mostPieces || !exact || !dims.same(exact, whole)) {
    return { kind: 'many', item: piece(x, at, size, call.symbols) };
  }
  return sequence(Array.from({ length: pieces }, () => piece(x, at, size, call.symbols)));
};

const unbind: Operation = (call) => {
  const x = asTensor(call.args[0]);
  if (!x) return null;
  const at = x.shape ? axis(argument(call, 1, 'dim', 'axis'), x.shape.length, 0) : null;
  return at === null ? { kind: 'many', item: reshaped(x, null) } : slicesOf(x, at);
};

/** The tensors that iterating `x` along an axis gives. */
export function slicesOf(x: Tensor, at: number): Value {
  const shape = x.shape?.toSpliced(at, 1) ?? null;
  const count = x.shape?.[at] ? dims.sizeOf(x.shape[at]) : null;
  if (count === null || count < 1 || count > mostPieces) return { kind: 'many', item: reshaped(x, shape) };
  return sequence(Array.from({ length: count }, () => reshaped(x, shape && [...shape])));
}

const cat: Operation = (call) => {
  const parts = asItems(argument(call, 0, 'tensors', 'values', 'arrays'))?.map(asTensor);
  const first = parts?.[0];
  if (!parts || !first) return null;
  if (parts.some((part) => !part?.shape || part.shape.length !== first.shape?.length)) {
    return reshaped(first, null);
  }
  const at = axis(argument(call, 1, 'dim', 'axis'), first.shape!.length, 0);
  if (at === null) return reshaped(first, null);
  const shape = first.shape!.map((dim, index) => {
    const along = parts.map((part) => part!.shape![index]!);
    if (index !== at) return along.find((other) => dims.sizeOf(other) !== null) ?? dim;
    const sum = along.reduce<Dim | null>(
      (total, next) => total && dims.add(total, next),
      dims.number(0, null),
    );
    return sum ?? call.symbols.dim();
  });
  return reshaped(first, shape);
};

const stack: Operation = (call) => {
  const parts = asItems(argument(call, 0, 'tensors', 'values', 'arrays'));
  const first = asTensor(parts?.[0]);
  if (!parts || !first) return null;
  if (!first.shape) return reshaped(first, null);
  const at = axis(argument(call, 1, 'dim', 'axis'), first.shape.length + 1, 0);
  if (at === null) return reshaped(first, null);
  return reshaped(first, first.shape.toSpliced(at, 0, dims.number(parts.length, fact('literal', call.node))));
};

export const pieces: Record<string, Operation> = {
  chunk,
  tensor_split: chunk,
  split,
  unbind,
  unstack: unbind,
  cat,
  concat: cat,
  concatenate: cat,
  stack,
};
