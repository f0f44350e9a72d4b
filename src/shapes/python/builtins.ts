import type { Analysis } from './analysis.ts';
import type { Expression } from './ast.ts';
import { attributeOf } from './attributes.ts';
import { callValue } from './call.ts';
import * as dims from './dim.ts';
import { element, itemsOf } from './evaluate.ts';
import { fact } from './fact.ts';
import { asDim } from './ops/operation.ts';
import { type BoundArguments, opaque, type Value } from './value.ts';

/** Python's own functions, as far as sizes go through them. */
export function callBuiltin(analysis: Analysis, name: string, args: BoundArguments, node: Expression): Value {
  const [first, second] = args.positional;
  const items = first ? itemsOf(first) : null;
  switch (name) {
    case 'int':
    case 'round':
    case 'abs': {
      if (first?.kind === 'float' && first.value !== null)
        return { kind: 'int', dim: dims.number(Math.trunc(first.value), first.fact) };
      const dim = asDim(first, analysis.symbols);
      return dim ? { kind: 'int', dim } : opaque();
    }
    case 'len':
      return length(first, items, node);
    case 'tuple':
    case 'list':
    case 'set':
    case 'sorted':
    case 'iter':
      return items ? { kind: 'sequence', items } : (first ?? { kind: 'sequence', items: [] });
    case 'reversed':
      return items ? { kind: 'sequence', items: [...items].reverse() } : (first ?? opaque());
    case 'dict':
      return args.positional.length === 0
        ? { kind: 'dict', entries: args.keywords, open: args.open }
        : opaque();
    case 'max':
    case 'min':
    case 'sum':
    case 'prod':
      return extreme(name, (args.positional.length > 1 ? args.positional : items) ?? [], node);
    case 'range': {
      const index = opaque();
      if (args.positional.length > 0) index.dim = analysis.symbols.dim();
      return { kind: 'many', item: index };
    }
    case 'zip': {
      const columns = args.positional.map(itemsOf);
      if (columns.some((column) => column === null))
        return {
          kind: 'many',
          item: { kind: 'sequence', items: args.positional.map((value) => element(analysis, value)) },
        };
      const count = Math.min(...columns.map((column) => column!.length));
      return {
        kind: 'sequence',
        items: Array.from({ length: Math.min(count, 64) }, (_, i) => ({
          kind: 'sequence',
          items: columns.map((column) => column![i]!),
        })),
      };
    }
    case 'enumerate':
      if (!items)
        return {
          kind: 'many',
          item: { kind: 'sequence', items: [opaque(), first ? element(analysis, first) : opaque()] },
        };
      return {
        kind: 'sequence',
        items: items.map((item) => ({ kind: 'sequence', items: [opaque(), item] })),
      };
    case 'map': {
      const list = second ? itemsOf(second) : null;
      if (!first || !second) return opaque();
      const apply = (value: Value) =>
        callValue(analysis, first, { positional: [value], keywords: new Map(), open: false }, node);
      return list && list.length <= 64
        ? { kind: 'sequence', items: list.map(apply) }
        : { kind: 'many', item: apply(element(analysis, second)) };
    }
    case 'getattr':
      return first && second?.kind === 'string' ? attributeOf(analysis, first, second.value, node) : opaque();
    case 'next':
      return first ? element(analysis, first) : opaque();
    case 'float':
    case 'sqrt':
      return { kind: 'float', value: null, fact: null, text: null };
    default:
      return opaque();
  }
}

function length(value: Value | undefined, items: Value[] | null, node: Expression): Value {
  if (value?.kind === 'tensor' && value.shape?.[0]) return { kind: 'int', dim: value.shape[0] };
  return items ? { kind: 'int', dim: dims.number(items.length, fact('literal', node)) } : opaque();
}

function extreme(name: string, items: readonly Value[], node: Expression): Value {
  const sizes = items.map((item) => (item.kind === 'int' ? item.dim : null));
  if (items.length === 0 || sizes.some((dim) => dim === null)) return opaque();
  if (name === 'sum' || name === 'prod') {
    const start: dims.Dim | null = dims.number(name === 'sum' ? 0 : 1, null);
    const total = sizes.reduce<dims.Dim | null>(
      (sum, dim) => sum && (name === 'sum' ? dims.add(sum, dim!) : dims.multiply(sum, dim!)),
      start,
    );
    return total ? { kind: 'int', dim: total } : opaque();
  }
  const numbers = sizes.map((dim) => dims.sizeOf(dim!));
  if (numbers.some((value) => value === null)) return opaque();
  const picked = name === 'max' ? Math.max(...(numbers as number[])) : Math.min(...(numbers as number[]));
  const from = sizes[numbers.indexOf(picked)]!;
  return { kind: 'int', dim: dims.number(picked, dims.factOf(from) ?? fact('literal', node)) };
}
