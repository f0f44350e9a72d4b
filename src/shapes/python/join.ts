import type { Dim, Symbols } from './dim.ts';
import * as dims from './dim.ts';
import { mergeFacts } from './fact.ts';
import { opaque, type Scores, type Tensor, tensor, type Value } from './value.ts';

/** The most callees that a name may stand for at once. */
const mostAlternatives = 4;

/** What holds of both values: equal sizes stay, different ones become a new unknown. */
export function join(a: Value, b: Value, symbols: Symbols): Value {
  if (a === b) return a;
  if (a.kind === 'either' || isCallable(a)) {
    if (isCallable(b) || b.kind === 'either' || b.kind === 'opaque') return either(a, b);
  }
  if (a.kind !== b.kind) {
    // `None` until something is assigned is how Python says "not yet".
    if (isCallable(b) && a.kind === 'opaque') return either(b, a);
    return opaque(a.kind === 'opaque' ? a.name : b.kind === 'opaque' ? b.name : null);
  }
  switch (a.kind) {
    case 'int':
      return b.kind === 'int' ? joinSizes(a.dim, b.dim, symbols) : opaque();
    case 'tensor': {
      if (b.kind !== 'tensor') return opaque();
      const shape =
        a.shape && b.shape && a.shape.length === b.shape.length
          ? a.shape.map((dim, i) => joinDim(dim, b.shape![i]!, symbols))
          : null;
      const dtype =
        a.dtype && a.dtype.name === b.dtype?.name && a.dtype.symbol === b.dtype.symbol ? a.dtype : null;
      const joined = tensor(shape, dtype);
      if (a.origin && a.origin.kind === b.origin?.kind) joined.origin = joinOrigins(a.origin, b.origin);
      if (a.mask === b.mask) joined.mask = a.mask;
      return joined;
    }
    case 'sequence':
      if (b.kind === 'sequence' && a.items.length === b.items.length) {
        return { kind: 'sequence', items: a.items.map((item, i) => join(item, b.items[i]!, symbols)) };
      }
      return opaque();
    case 'bool':
      return b.kind === 'bool' && a.value === b.value ? { ...a, fact: mergeFacts(a.fact, b.fact) } : opaque();
    case 'string':
      return b.kind === 'string' && a.value === b.value ? a : opaque();
    case 'dtype':
      return b.kind === 'dtype' && a.dtype.name === b.dtype.name ? a : opaque();
    case 'none':
      return a;
    case 'ref':
      return b.kind === 'ref' && a.path === b.path ? a : opaque();
    case 'instance':
      return b.kind === 'instance' && b.type.def === a.type.def ? joinInstances(a, b, symbols) : opaque();
    case 'opaque':
      return b.kind === 'opaque' && a.name === b.name
        ? a
        : opaque(b.kind === 'opaque' && a.name === b.name ? a.name : null);
    default:
      return opaque();
  }
}

function joinOrigins(a: NonNullable<Tensor['origin']>, b: NonNullable<Tensor['origin']>) {
  if (a.kind === 'swapped' || b.kind === 'swapped') return a === b ? a : null;
  const scores = [...a.scores];
  for (const other of b.scores) {
    const at = scores.findIndex(({ node }) => node === other.node);
    if (at < 0) scores.push(other);
    else scores[at] = joinScores(scores[at]!, other);
  }
  return { kind: a.kind, scores: scores.slice(0, mostAlternatives) };
}

function joinScores(a: Scores, b: Scores): Scores {
  return { ...a, causal: a.causal === b.causal ? a.causal : 'unknown', bias: a.bias || b.bias };
}

function joinInstances(
  a: Extract<Value, { kind: 'instance' }>,
  b: Extract<Value, { kind: 'instance' }>,
  symbols: Symbols,
): Value {
  const attributes = new Map<string, Value>();
  for (const [name, value] of a.attributes) {
    const other = b.attributes.get(name);
    if (other)
      attributes.set(
        name,
        value.kind === 'instance' ? (value === other ? value : opaque(name)) : join(value, other, symbols),
      );
  }
  return { ...a, attributes };
}

function isCallable(value: Value): boolean {
  return ['function', 'ref', 'class', 'partial', 'lambda', 'layer', 'method'].includes(value.kind);
}

function either(a: Value, b: Value): Value {
  const values = [a, b].flatMap((value) => (value.kind === 'either' ? value.values : [value]));
  const distinct = values.filter(
    (value, index) => values.findIndex((other) => sameCallee(value, other)) === index,
  );
  return distinct.length === 1
    ? distinct[0]!
    : { kind: 'either', values: distinct.slice(0, mostAlternatives) };
}

function sameCallee(a: Value, b: Value): boolean {
  if (a.kind === 'ref' && b.kind === 'ref') return a.path === b.path;
  if (a.kind === 'function' && b.kind === 'function') return a.def === b.def && a.self === b.self;
  return a === b;
}

function joinSizes(a: Dim, b: Dim, symbols: Symbols): Value {
  return { kind: 'int', dim: joinDim(a, b, symbols) };
}

function joinDim(a: Dim, b: Dim, symbols: Symbols): Dim {
  if (dims.same(a, b)) {
    const [x, y] = [dims.factOf(a), dims.factOf(b)];
    return x && y ? { p: a.p, fact: mergeFacts(x, y) } : a;
  }
  const joined = symbols.dim();
  const sym = dims.symbolOf(joined)!;
  const [x, y] = [choicesOf(a), choicesOf(b)];
  if (x && y) sym.choices = [...new Set([...x, ...y])].slice(0, 64);
  const name = dims.nameOf(a);
  if (name !== null && name === dims.nameOf(b)) sym.name = name;
  return joined;
}

function choicesOf(dim: Dim): number[] | null {
  const value = dims.sizeOf(dim);
  return value !== null ? [value] : (dims.symbolOf(dim)?.choices ?? null);
}

/** The names after two ways through the code: what only one of them sets is taken as it is. */
export function joinNames(
  a: Map<string, Value>,
  b: Map<string, Value>,
  symbols: Symbols,
): Map<string, Value> {
  const joined = new Map(a);
  for (const [name, value] of b) {
    const other = a.get(name);
    joined.set(name, other ? join(other, value, symbols) : value);
  }
  return joined;
}
