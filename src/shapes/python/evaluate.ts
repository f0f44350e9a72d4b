import type { Analysis } from './analysis.ts';
import { binary, tensorIn } from './arithmetic.ts';
import type { Expression } from './ast.ts';
import { attributeOf } from './attributes.ts';
import { evaluateCall } from './call.ts';
import * as dims from './dim.ts';
import { fact, weaken } from './fact.ts';
import { subscript } from './indexing.ts';
import { join } from './join.ts';
import { asItems, reshaped } from './ops/operation.ts';
import { slicesOf } from './ops/pieces.ts';
import { bind, childScope, lookUp } from './scope.ts';
import { assignTo } from './targets.ts';
import { truthOf } from './truth.ts';
import { opaque, type Scope, type Value } from './value.ts';

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
