import type { Analysis } from './analysis.ts';
import { type Expression, textOf } from './ast.ts';
import type { Dim } from './dim.ts';
import * as dims from './dim.ts';
import { evaluate } from './evaluate.ts';
import { fact } from './fact.ts';
import { join } from './join.ts';
import { asDim, asTensor, giveRank, reshaped } from './ops/operation.ts';
import { shapeValue } from './ops/views.ts';
import { opaque, type Scope, type Tensor, type Value } from './value.ts';

/** `x[...]` of a tensor, a shape, a list or a dictionary. */
export function subscript(
  analysis: Analysis,
  node: Extract<Expression, { kind: 'subscript' }>,
  scope: Scope,
): Value {
  const object = evaluate(analysis, node.object, scope);
  const indices =
    node.index.length === 1 && node.index[0]!.kind === 'sequence' ? node.index[0]!.items : node.index;
  if (object.kind === 'sequence') return indexSequence(analysis, object.items, indices, scope);
  if (object.kind === 'dict') {
    const key = indices[0] ? evaluate(analysis, indices[0], scope) : null;
    return key?.kind === 'string' ? (object.entries.get(key.value) ?? opaque()) : opaque();
  }
  if (object.kind === 'many') return object.item;
  if (object.kind === 'method' && object.name === 'shape')
    return shapeIndex(analysis, object.object, indices, scope);
  if (object.kind === 'tensor') return indexTensor(analysis, object, indices, scope);
  for (const index of indices) evaluate(analysis, index, scope);
  if (object.kind === 'opaque') {
    if (object.tensor) return indexTensor(analysis, object.tensor, indices, scope);
    // The same element of the same unknown thing is the same unknown.
    const text = `[${indices.map((index) => textOf(index, 40)).join(', ')}]`;
    object.attributes ??= new Map();
    const known = object.attributes.get(text);
    if (known) return known;
    const made = opaque();
    object.attributes.set(text, made);
    return made;
  }
  return opaque();
}

function indexSequence(
  analysis: Analysis,
  items: Value[],
  indices: readonly Expression[],
  scope: Scope,
): Value {
  const [index] = indices;
  if (!index) return opaque();
  if (index.kind === 'slice') {
    const [from, to] = index.parts.map((part) => (part ? integerOf(analysis, part, scope) : undefined));
    if (from === null || to === null || (index.parts.length > 2 && index.parts[2])) return opaque();
    return { kind: 'sequence', items: items.slice(from, to) };
  }
  const at = integerOf(analysis, index, scope);
  if (at !== null) return items.at(at) ?? opaque();
  return items.length > 0 ? items.reduce((joined, item) => join(joined, item, analysis.symbols)) : opaque();
}

function integerOf(analysis: Analysis, node: Expression, scope: Scope): number | null {
  const value = evaluate(analysis, node, scope);
  return value.kind === 'int' ? dims.sizeOf(value.dim) : null;
}

/** `x.shape[1]` of a tensor whose rank is not known: one and the same unknown for each index. */
function shapeIndex(analysis: Analysis, object: Value, indices: readonly Expression[], scope: Scope): Value {
  const holder = asTensor(object);
  const known = holder?.shape && shapeValue(holder);
  if (known) return indexSequence(analysis, known.items, indices, scope);
  const [index] = indices;
  if (index?.kind === 'slice' && holder && isHiddenStates(object, index)) {
    const sizes = giveRank(holder, 3, analysis.symbols).slice(0, 2);
    return { kind: 'sequence', items: sizes.map((dim) => ({ kind: 'int', dim })) };
  }
  if (!index || index.kind === 'slice') {
    return { kind: 'method', object, name: 'shapeSlice', node: index ?? indices[0]! };
  }
  const at = integerOf(analysis, index, scope);
  return at === null || !holder ? opaque() : partialSize(analysis, holder, at);
}

/** `hidden_states.shape[:-1]`: what Hugging Face calls so is (batch, sequence, width). */
function isHiddenStates(object: Value, index: Extract<Expression, { kind: 'slice' }>): boolean {
  const [from, to] = index.parts;
  const isLast = to?.kind === 'unary' && to.operand.kind === 'integer' && to.operand.value === 1;
  return object.kind === 'opaque' && object.name === 'hidden_states' && !from && isLast;
}

/** The size of one axis of a tensor of unknown rank, counted from the front or, where negative, from the end. */
export function partialSize(analysis: Analysis, holder: Tensor, at: number): Value {
  holder.partial ??= new Map();
  const known = holder.partial.get(at) ?? analysis.symbols.dim();
  holder.partial.set(at, known);
  return { kind: 'int', dim: known };
}

function indexTensor(analysis: Analysis, x: Tensor, indices: readonly Expression[], scope: Scope): Value {
  const values = indices.map((index) => (index.kind === 'slice' ? null : evaluate(analysis, index, scope)));
  if (!x.shape) return reshaped(x, null);
  const used = values.filter(
    (value, i) => indices[i]!.kind === 'slice' || (value && !isNone(value) && !isEllipsis(value)),
  ).length;
  const shape: Dim[] = [];
  let at = 0;
  for (const [i, index] of indices.entries()) {
    const value = values[i];
    if (index.kind === 'slice') {
      const size = x.shape[at++];
      if (!size) return reshaped(x, null);
      shape.push(sliced(analysis, size, index.parts, scope));
    } else if (value && isEllipsis(value)) {
      const skip = x.shape.length - used;
      if (skip < 0) return reshaped(x, null);
      shape.push(...x.shape.slice(at, at + skip));
      at += skip;
    } else if (value && isNone(value)) shape.push(dims.number(1, fact('literal', index)));
    else if (value?.kind === 'int' || value?.kind === 'opaque') {
      // A tensor as an index picks rows, a number drops the axis; an unknown may be either.
      if (value.kind === 'opaque') return reshaped(x, null);
      at++;
    } else return reshaped(x, null);
  }
  if (at > x.shape.length) return reshaped(x, null);
  const result = reshaped(x, [...shape, ...x.shape.slice(at)]);
  result.mask = x.mask;
  return result;
}

const isNone = (value: Value) => value.kind === 'none';
const isEllipsis = (value: Value) => value.kind === 'ref' && value.path === 'builtins.Ellipsis';

function sliced(analysis: Analysis, size: Dim, parts: readonly (Expression | null)[], scope: Scope): Dim {
  const [from, to] = parts;
  if (parts.length > 2 && parts[2]) return analysis.symbols.dim();
  const start = from ? asDim(evaluate(analysis, from, scope), analysis.symbols) : dims.number(0, null);
  const end = to ? asDim(evaluate(analysis, to, scope), analysis.symbols) : null;
  if (!from && !to) return size;
  if (!start || (to && !end)) return analysis.symbols.dim();
  const startValue = dims.sizeOf(start);
  if (!end) {
    if (startValue === null || startValue < 0)
      return startValue === null
        ? (dims.subtract(size, start) ?? analysis.symbols.dim())
        : dims.number(-startValue, dims.factOf(start));
    return dims.subtract(size, start) ?? analysis.symbols.dim();
  }
  const endValue = dims.sizeOf(end);
  const whole = dims.sizeOf(size);
  if (endValue !== null && endValue < 0) {
    return startValue === 0 ? (dims.add(size, end) ?? analysis.symbols.dim()) : analysis.symbols.dim();
  }
  const length = dims.subtract(end, start) ?? analysis.symbols.dim();
  const value = dims.sizeOf(length);
  // A slice ends where the axis ends.
  if (whole !== null && endValue !== null && endValue > whole)
    return dims.subtract(size, start) ?? analysis.symbols.dim();
  return value !== null && value < 0 ? analysis.symbols.dim() : length;
}
