import type { Analysis } from './analysis.ts';
import type { Expression } from './ast.ts';
import { textOf } from './ast.ts';
import { attributeOf } from './attributes.ts';
import { callValue, evaluateCall, onAttention } from './call.ts';
import type { Dim } from './dim.ts';
import * as dims from './dim.ts';
import { fact, weaken } from './fact.ts';
import { join } from './join.ts';
import { matmul } from './ops/contractions.ts';
import { addToScores, broadcast } from './ops/elementwise.ts';
import { asDim, asItems, asTensor, giveRank, reshaped } from './ops/operation.ts';
import { slicesOf } from './ops/pieces.ts';
import { shapeValue } from './ops/views.ts';
import { bind, childScope, lookUp } from './scope.ts';
import { assignTo } from './targets.ts';
import { truthOf } from './truth.ts';
import { opaque, type Scope, type Tensor, tensor, type Value } from './value.ts';

/** The value of an expression. Never throws but for steps; what it cannot tell is unknown. */
export function evaluate(analysis: Analysis, node: Expression, scope: Scope): Value {
  analysis.tick();
  switch (node.kind) {
    case 'name':
      return lookUp(analysis, scope, node.id);
    case 'integer':
      return { kind: 'int', dim: dims.number(node.value, fact('literal', node)) };
    case 'float':
      return { kind: 'float', value: node.value, fact: fact('literal', node), text: null };
    case 'string':
      return { kind: 'string', value: node.value };
    case 'constant':
      if (node.value === null) return { kind: 'none', fact: fact('literal', node) };
      if (node.value === '...') return { kind: 'ref', path: 'builtins.Ellipsis' };
      return { kind: 'bool', value: node.value, fact: fact('literal', node) };
    case 'attribute':
      return attributeOf(analysis, evaluate(analysis, node.object, scope), node.name, node);
    case 'call':
      return evaluateCall(analysis, node, scope);
    case 'subscript':
      return subscript(analysis, node, scope);
    case 'sequence':
      return { kind: 'sequence', items: sequenceItems(analysis, node.items, scope) ?? [] };
    case 'dict': {
      const entries = new Map<string, Value>();
      let open = false;
      for (const { key, value } of node.entries) {
        const made = evaluate(analysis, value, scope);
        const name = key ? evaluate(analysis, key, scope) : null;
        if (name?.kind === 'string') entries.set(name.value, made);
        else if (!name && made.kind === 'dict')
          for (const [inner, item] of made.entries) entries.set(inner, item);
        else open = true;
      }
      return { kind: 'dict', entries, open };
    }
    case 'binary':
      return binary(
        analysis,
        node,
        node.operator,
        evaluate(analysis, node.left, scope),
        evaluate(analysis, node.right, scope),
      );
    case 'unary':
      return unary(analysis, node, scope);
    case 'compare':
      return compare(analysis, node, scope);
    case 'boolean': {
      const left = evaluate(analysis, node.left, scope);
      const right = evaluate(analysis, node.right, scope);
      const truth = truthOf(left);
      if (truth === null) {
        const other = truthOf(right);
        // `x and False` is false whatever x is.
        if (other && node.operator === 'and' && !other.value && right.kind === 'bool') return right;
        return left.kind === right.kind ? join(left, right, analysis.symbols) : opaque();
      }
      const picked = truth.value === (node.operator === 'and') ? right : left;
      return weakenedBy(picked, truth.basis, node);
    }
    case 'conditional': {
      const test = truthOf(evaluate(analysis, node.test, scope));
      const yes = evaluate(analysis, node.yes, scope);
      const no = evaluate(analysis, node.no, scope);
      if (test) return weakenedBy(test.value ? yes : no, test.basis, node);
      return join(yes, no, analysis.symbols);
    }
    case 'lambda':
      // One that takes nothing runs as it stands.
      if (analysis.recording && node.parameters.length === 0)
        evaluate(analysis, node.body, childScope(scope));
      return { kind: 'lambda', node, scope };
    case 'comprehension':
      return comprehension(analysis, node, scope);
    case 'walrus': {
      const value = evaluate(analysis, node.value, scope);
      bind(scope, node.name, value);
      return value;
    }
    case 'star':
      return evaluate(analysis, node.value, scope);
    case 'other':
      for (const child of node.children) evaluate(analysis, child, scope);
      return opaque();
    default:
      return opaque();
  }
}

/** What a test with a default chose is no stronger than that default. */
export function weakenedBy(value: Value, basis: 'literal' | 'default', node: Expression): Value {
  if (basis !== 'default' || value.kind !== 'int') return value;
  const known = dims.factOf(value.dim);
  return known
    ? { kind: 'int', dim: { p: value.dim.p, fact: weaken(value.dim.fact ?? known, 'default', node) } }
    : value;
}

/** Items with stars spread; null where a star hides how many there are. */
export function sequenceItems(
  analysis: Analysis,
  items: readonly Expression[],
  scope: Scope,
): Value[] | null {
  const values: Value[] = [];
  for (const item of items) {
    const value = evaluate(analysis, item, scope);
    if (item.kind !== 'star') {
      values.push(value);
      continue;
    }
    const inner = itemsOf(value);
    if (!inner) return null;
    values.push(...inner);
  }
  return values;
}

/** What iterating a value gives, if that is a known number of things. */
export function itemsOf(value: Value): Value[] | null {
  const items = asItems(value);
  if (items) return items;
  if (value.kind === 'tensor' && value.shape) return asItems(slicesOf(value, 0));
  return null;
}

function unary(analysis: Analysis, node: Extract<Expression, { kind: 'unary' }>, scope: Scope): Value {
  const operand = evaluate(analysis, node.operand, scope);
  if (node.operator === 'not') {
    const truth = truthOf(operand);
    if (!truth || operand.kind === 'tensor') return opaque();
    return { kind: 'bool', value: !truth.value, fact: fact(truth.basis, node) };
  }
  if (node.operator === '-' && operand.kind === 'int') {
    const negative = dims.subtract(dims.number(0, null), operand.dim);
    return negative ? { kind: 'int', dim: negative } : opaque();
  }
  if (node.operator === '-' && operand.kind === 'float' && operand.value !== null)
    return { ...operand, value: -operand.value };
  return operand.kind === 'tensor' ? operand : opaque();
}

const integerOperations: Record<string, (a: Dim, b: Dim) => Dim | null> = {
  '+': dims.add,
  '-': dims.subtract,
  '*': dims.multiply,
  '//': dims.floorDivide,
};

export function binary(
  analysis: Analysis,
  node: Expression,
  operator: string,
  left: Value,
  right: Value,
): Value {
  if (operator === '@') {
    const [a, b] = [asTensor(left), asTensor(right)];
    return a && b ? matmul(a, b, node, onAttention(analysis), analysis.symbols) : opaque();
  }
  if (left.kind === 'sequence' || right.kind === 'sequence') return sequenceArithmetic(operator, left, right);
  if (left.kind === 'tensor' || right.kind === 'tensor' || hasTensor(left) || hasTensor(right)) {
    return tensorArithmetic(operator, left, right);
  }
  return numberArithmetic(analysis, node, operator, left, right);
}

function hasTensor(value: Value): boolean {
  return value.kind === 'opaque' && value.tensor !== null;
}

function sequenceArithmetic(operator: string, left: Value, right: Value): Value {
  const [a, b] = [asItems(left), asItems(right)];
  if (operator === '+' && a && b && a.length + b.length <= 64)
    return { kind: 'sequence', items: [...a, ...b] };
  const [items, count] = a ? [a, right] : [b, left];
  const times = count.kind === 'int' ? dims.sizeOf(count.dim) : null;
  if (operator === '*' && items && times !== null && times >= 0 && times * items.length <= 64) {
    return { kind: 'sequence', items: Array.from({ length: times }, () => items).flat() };
  }
  return opaque();
}

function tensorArithmetic(operator: string, left: Value, right: Value): Value {
  const [a, b] = [tensorIn(left), tensorIn(right)];
  const [first, second] =
    a?.origin?.kind === 'scores' || !b ? [a, b] : b?.origin?.kind === 'scores' || !a ? [b, a] : [a, b];
  if (!first) return opaque();
  const result = broadcast(first, second);
  if (first.origin?.kind === 'scores' && (operator === '+' || operator === '-')) {
    const other = first === a ? right : left;
    if (other.kind === 'tensor' || other.kind === 'opaque') {
      return {
        ...result,
        origin: { kind: 'scores', scores: addToScores(first.origin.scores, second ?? tensor(null)) },
      };
    }
  }
  if (first.origin?.kind === 'scores' && operator === '*' && second?.mask) {
    return { ...result, origin: { kind: 'scores', scores: addToScores(first.origin.scores, second) } };
  }
  if (first.origin?.kind === 'swapped' || first.origin === null) {
    return { ...result, mask: first.mask ?? second?.mask ?? null, values: null };
  }
  return result;
}

function tensorIn(value: Value): Tensor | null {
  return value.kind === 'tensor' ? value : value.kind === 'opaque' ? value.tensor : null;
}

function numberArithmetic(
  analysis: Analysis,
  node: Expression,
  operator: string,
  left: Value,
  right: Value,
): Value {
  if (left.kind === 'float' || right.kind === 'float') return floatArithmetic(operator, left, right, node);
  const [a, b] = [asDim(left, analysis.symbols), asDim(right, analysis.symbols)];
  if (!a || !b) return opaque();
  const operation = integerOperations[operator];
  if (operation) {
    const result = operation(a, b);
    return result ? { kind: 'int', dim: result } : opaque();
  }
  const [x, y] = [dims.sizeOf(a), dims.sizeOf(b)];
  if (operator === '/') {
    const whole = x !== null && y !== null && y !== 0 && x % y === 0 ? dims.floorDivide(a, b) : null;
    if (whole) return { kind: 'int', dim: whole };
    return x !== null && y !== null
      ? { kind: 'float', value: x / y, fact: dims.factOf(a), text: null }
      : quotient(a, b);
  }
  if (x === null || y === null) return opaque(textOf(node, 40));
  const value =
    operator === '**'
      ? y < 0
        ? null
        : x ** y
      : operator === '%'
        ? y === 0
          ? null
          : ((x % y) + y) % y
        : operator === '<<'
          ? x * 2 ** y
          : operator === '>>'
            ? Math.floor(x / 2 ** y)
            : null;
  if (value === null)
    return operator === '**' ? { kind: 'float', value: x ** y, fact: dims.factOf(a), text: null } : opaque();
  return Number.isSafeInteger(value)
    ? { kind: 'int', dim: dims.number(value, dims.factOf(a) ?? fact('literal', node)) }
    : opaque();
}

/** `C / H` is a float to Python; as a size people mean the whole number, once it is turned into one. */
function quotient(a: Dim, b: Dim): Value {
  const divided = dims.floorDivide(a, b);
  const made = opaque();
  made.dim = divided;
  return made;
}

function floatArithmetic(operator: string, left: Value, right: Value, node: Expression): Value {
  const number = (value: Value) =>
    value.kind === 'float' ? value.value : value.kind === 'int' ? dims.sizeOf(value.dim) : null;
  const [x, y] = [number(left), number(right)];
  const results: Record<string, (x: number, y: number) => number> = {
    '+': (p, q) => p + q,
    '-': (p, q) => p - q,
    '*': (p, q) => p * q,
    '/': (p, q) => p / q,
    '**': (p, q) => p ** q,
  };
  const value = x !== null && y !== null ? (results[operator]?.(x, y) ?? null) : null;
  return {
    kind: 'float',
    value: Number.isFinite(value) ? value : null,
    fact: fact('literal', node),
    text: textOf(node, 60),
  };
}

function compare(analysis: Analysis, node: Extract<Expression, { kind: 'compare' }>, scope: Scope): Value {
  const left = evaluate(analysis, node.left, scope);
  const rights = node.rights.map((right) => evaluate(analysis, right, scope));
  const [operator] = node.operators;
  const [right] = rights;
  if (rights.length !== 1 || !right) return opaque();
  // `mask == 0` hides as `mask` does; `q_idx >= kv_idx` over ranges is a causal mask.
  for (const side of [left, right]) {
    const t = tensorIn(side);
    if (t) return { ...reshaped(t, t.shape), mask: t.mask, dtype: null };
  }
  const isNone =
    operator === 'is' || operator === '==' ? true : operator === 'is not' || operator === '!=' ? false : null;
  if (right.kind === 'none' && isNone !== null) {
    const known = knownToBeNone(left);
    return known ? { kind: 'bool', value: known.value === isNone, fact: fact(known.basis, node) } : opaque();
  }
  const [x, y] = [left, right].map((value) => (value.kind === 'int' ? dims.sizeOf(value.dim) : null));
  const basis = left.kind === 'int' && dims.factOf(left.dim)?.basis === 'default' ? 'default' : 'literal';
  if (x !== null && x !== undefined && y !== null && y !== undefined) {
    const answers: Record<string, boolean> = {
      '==': x === y,
      '!=': x !== y,
      '<': x < y,
      '>': x > y,
      '<=': x <= y,
      '>=': x >= y,
    };
    const answer = operator === undefined ? undefined : answers[operator];
    if (answer !== undefined) return { kind: 'bool', value: answer, fact: fact(basis, node) };
  }
  if (left.kind === 'string' && right.kind === 'string' && (operator === '==' || operator === '!=')) {
    return {
      kind: 'bool',
      value: (left.value === right.value) === (operator === '=='),
      fact: fact('default', node),
    };
  }
  return opaque();
}

function knownToBeNone(value: Value): { value: boolean; basis: 'literal' | 'default' } | null {
  if (value.kind === 'none')
    return { value: true, basis: value.fact.basis === 'default' ? 'default' : 'literal' };
  if (value.kind === 'opaque' || value.kind === 'either' || value.kind === 'many') return null;
  const known = value.kind === 'int' ? dims.factOf(value.dim) : null;
  return { value: false, basis: known?.basis === 'default' ? 'default' : 'literal' };
}

const mostItems = 64;

function comprehension(
  analysis: Analysis,
  node: Extract<Expression, { kind: 'comprehension' }>,
  scope: Scope,
): Value {
  const inner = childScope(scope);
  const [first, ...more] = node.clauses;
  if (!first || node.literal === 'dict') {
    for (const clause of node.clauses)
      assignTo(analysis, clause.target, element(analysis, evaluate(analysis, clause.iterable, inner)), inner);
    evaluate(analysis, node.element, inner);
    return opaque();
  }
  const source = evaluate(analysis, first.iterable, inner);
  const items = more.length === 0 ? itemsOf(source) : null;
  const results: Value[] = [];
  if (items && items.length <= mostItems) {
    for (const item of items) {
      assignTo(analysis, first.target, item, inner);
      results.push(evaluate(analysis, node.element, inner));
    }
    return { kind: 'sequence', items: results };
  }
  assignTo(analysis, first.target, element(analysis, source), inner);
  for (const clause of more)
    assignTo(analysis, clause.target, element(analysis, evaluate(analysis, clause.iterable, inner)), inner);
  return { kind: 'many', item: evaluate(analysis, node.element, inner) };
}

/** What a loop variable stands for, all turns together. */
export function element(analysis: Analysis, iterable: Value): Value {
  const items = itemsOf(iterable);
  if (items && items.length > 0) {
    return items.reduce((joined, item) => join(joined, item, analysis.symbols));
  }
  if (iterable.kind === 'many') return iterable.item;
  const t = iterable.kind === 'tensor' ? iterable : null;
  if (t?.shape) return { ...reshaped(t, t.shape.slice(1)) };
  return opaque();
}

function subscript(
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
    const plain = indices.length === 1 && (indices[0]!.kind === 'string' || indices[0]!.kind === 'integer');
    const made = opaque(plain && object.name ? null : null);
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

export { callValue };
