import type { Analysis } from './analysis.ts';
import { type Expression, textOf } from './ast.ts';
import { onAttention } from './call.ts';
import type { Dim } from './dim.ts';
import * as dims from './dim.ts';
import { fact } from './fact.ts';
import { matmul } from './ops/contractions.ts';
import { addToScores, broadcast } from './ops/elementwise.ts';
import { asDim, asItems, asTensor } from './ops/operation.ts';
import { opaque, type Tensor, tensor, type Value } from './value.ts';

const integerOperations: Record<string, (a: Dim, b: Dim) => Dim | null> = {
  '+': dims.add,
  '-': dims.subtract,
  '*': dims.multiply,
  '//': dims.floorDivide,
};

/** `left operator right` of sizes, tensors, floats and lists. */
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

/** The tensor that a value is known to be, without taking an unknown one for a tensor. */
export function tensorIn(value: Value): Tensor | null {
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
