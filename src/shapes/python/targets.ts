import type { Analysis } from './analysis.ts';
import type { Expression } from './ast.ts';
import type { Dim } from './dim.ts';
import * as dims from './dim.ts';
import { evaluate, itemsOf } from './evaluate.ts';
import { fact } from './fact.ts';
import { partialSize } from './indexing.ts';
import { join } from './join.ts';
import { asTensor } from './ops/operation.ts';
import { identity } from './polynomial.ts';
import { bind } from './scope.ts';
import { opaque, type Scope, type Value } from './value.ts';

/** Assigns a value to a name, an attribute or several of them at once. */
export function assignTo(analysis: Analysis, target: Expression, value: Value, scope: Scope): void {
  analysis.tick();
  switch (target.kind) {
    case 'name':
      callIt(analysis, value, target.id);
      bind(scope, target.id, named(value, target));
      return;
    case 'attribute':
      setAttribute(analysis, evaluate(analysis, target.object, scope), target.name, named(value, target));
      return;
    case 'sequence':
      unpack(analysis, target.items, value, scope);
      return;
    case 'star':
      assignTo(analysis, target.value, value, scope);
      return;
    case 'subscript':
      evaluate(analysis, target.object, scope);
      return;
    default:
      return;
  }
}

/** A size that is computed goes by the name that it is given. */
export function callIt(analysis: Analysis, value: Value, name: string): void {
  if (value.kind !== 'int' || name === '_' || dims.symbolOf(value.dim) || dims.sizeOf(value.dim) !== null)
    return;
  const key = identity(value.dim.p);
  if (key.length < 200 && !analysis.aliases.has(key)) analysis.aliases.set(key, name);
}

/** A literal that has a name is a constant; the line that names it is the evidence. */
function named(value: Value, target: Expression): Value {
  if (value.kind !== 'int') return value;
  const known = value.dim.fact;
  if (known?.basis !== 'literal' || dims.sizeOf(value.dim) === null) return value;
  return { kind: 'int', dim: { p: value.dim.p, fact: fact('constant', target) } };
}

export function setAttribute(analysis: Analysis, object: Value, name: string, value: Value): void {
  if (object.kind === 'instance') {
    const before = object.attributes.get(name);
    const either = before && analysis.branchDepth > 0 && before !== value;
    object.attributes.set(name, either ? join(before, value, analysis.symbols) : value);
  } else if (object.kind === 'opaque') {
    object.attributes ??= new Map();
    object.attributes.set(name, value);
  }
  callIt(analysis, value, name);
  if (value.kind === 'opaque') value.name ??= name;
  else if (value.kind === 'int') dims.suggestName(value.dim, name);
}

function unpack(analysis: Analysis, targets: readonly Expression[], value: Value, scope: Scope): void {
  const star = targets.findIndex((target) => target.kind === 'star');
  const items = unpacked(analysis, value, targets.length, star);
  for (const [index, target] of targets.entries()) {
    if (star < 0 || index < star) assignTo(analysis, target, items?.[index] ?? opaque(), scope);
    else if (index === star) {
      const rest = items ? items.slice(star, items.length - (targets.length - star - 1)) : null;
      assignTo(analysis, target, rest ? { kind: 'sequence', items: rest } : opaque(), scope);
    } else {
      const fromEnd = index - targets.length;
      const late = items?.at(fromEnd) ?? fromShapeEnd(analysis, value, fromEnd);
      assignTo(analysis, target, late ?? opaque(), scope);
    }
  }
}

function fromShapeEnd(analysis: Analysis, value: Value, at: number): Value | null {
  if (value.kind !== 'method' || value.name !== 'shape') return null;
  const holder = asTensor(value.object);
  return holder && !holder.shape ? partialSize(analysis, holder, at) : null;
}

/** The values that so many targets get; null where it cannot be told. */
function unpacked(analysis: Analysis, value: Value, count: number, star: number): Value[] | null {
  if (value.kind === 'method' && star < 0) {
    const holder = asTensor(value.object);
    if (value.name === 'shape' && holder) return sizesOfRank(analysis, value, count);
    if (value.name === 'shapeSlice' && holder && value.node.kind === 'slice') {
      const [from, to] = value.node.parts;
      if (from && !to)
        return Array.from({ length: count }, (_, i) => partialSize(analysis, holder, i - count));
      return from ? null : Array.from({ length: count }, (_, i) => partialSize(analysis, holder, i));
    }
    return null;
  }
  const items = itemsOf(value);
  if (items)
    return star >= 0 ? (items.length >= count - 1 ? items : null) : items.length === count ? items : null;
  if (star >= 0) return null;
  if (value.kind === 'many') return Array.from({ length: count }, () => copyOf(value.item));
  if (value.kind === 'tensor' && !value.shape) return Array.from({ length: count }, () => copyOf(value));
  return null;
}

function copyOf(value: Value): Value {
  if (value.kind === 'tensor') return { ...value, origin: null, values: null, partial: null };
  return value.kind === 'opaque' ? opaque() : value;
}

/** Unpacking a shape says its rank: `B, T, C = x.size()`. */
function sizesOfRank(analysis: Analysis, value: Value, count: number): Value[] | null {
  const holder = value.kind === 'method' ? asTensor(value.object) : null;
  if (!holder) return null;
  if (!holder.shape) {
    const shape: Dim[] = [];
    for (let i = 0; i < count; i++) {
      shape.push(holder.partial?.get(i) ?? holder.partial?.get(i - count) ?? analysis.symbols.dim());
    }
    holder.shape = shape;
  }
  return holder.shape.length === count ? holder.shape.map((dim) => ({ kind: 'int', dim })) : null;
}
