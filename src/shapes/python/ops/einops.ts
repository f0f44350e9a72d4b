import type { Dim } from '../dim.ts';
import * as dims from '../dim.ts';
import { fact } from '../fact.ts';
import type { Tensor, Value } from '../value.ts';
import { asDim, asItems, asTensor, asText, giveRank, type OperationCall, reshaped } from './operation.ts';

type Pattern = (string | string[])[];

/** `b n (h d)` as names and groups of names; null for what is not such a pattern. */
export function parsePattern(text: string): Pattern | null {
  if (text.length > 200) return null;
  const pattern: Pattern = [];
  let group: string[] | null = null;
  for (const [token] of text.matchAll(/\(|\)|\.\.\.|…|\w+|\S/g)) {
    if (token === '(') {
      if (group) return null;
      group = [];
    } else if (token === ')') {
      if (!group) return null;
      pattern.push(group);
      group = null;
    } else if (/^\w+$|^\.\.\.$/.test(token)) (group ?? pattern).push(token);
    else return null;
  }
  return group ? null : pattern;
}

/** `rearrange(x, "b n (h d) -> b h n d", h=8)`, `repeat(x, "h d -> b h d", b=2)`; of a list, of each that it stacks. */
export function rearrange(call: OperationCall): Value | null {
  const equation = asText(call.args[1]) ?? asText(call.keywords.get('pattern'));
  const [left, right] = equation?.split('->').map(parsePattern) ?? [];
  const listed = asItems(call.args[0]);
  const x = asTensor(listed?.[0] ?? call.args[0]);
  if (!left || !right || !x) return null;
  const sizes = new Map<string, Dim>();
  for (const [name, value] of call.keywords) {
    const size = asDim(value, call.symbols);
    if (size) sizes.set(name, size);
  }
  if (!listed && !x.shape && !left.includes('...')) giveRank(x, left.length, call.symbols);
  const shape =
    listed && x.shape ? [dims.number(listed.length, fact('literal', call.node)), ...x.shape] : x.shape;
  const rest = readSizes(left, shape, sizes, call);
  if (rest === null) return reshaped(x, null);
  const out: Dim[] = [];
  for (const part of right) {
    if (part === '...') {
      if (!rest.middle) return reshaped(x, null);
      out.push(...rest.middle);
      continue;
    }
    const names = typeof part === 'string' ? [part] : part;
    if (names.includes('...')) return reshaped(x, null);
    const product = dims.product(names.map((name) => sizeOf(name, sizes, call)));
    out.push(product ?? call.symbols.dim());
  }
  const result: Tensor = reshaped(x, out);
  const [a, b] = [left.at(-1), left.at(-2)];
  const turned = typeof a === 'string' && typeof b === 'string' && right.at(-1) === b && right.at(-2) === a;
  if (turned) result.origin = { kind: 'swapped', of: x };
  return result;
}

function sizeOf(name: string, sizes: Map<string, Dim>, call: OperationCall): Dim {
  const known = sizes.get(name);
  if (known) return known;
  const made = /^\d+$/.test(name)
    ? dims.number(Number(name), fact('literal', call.node))
    : call.symbols.dim(name);
  sizes.set(name, made);
  return made;
}

/** Gives sizes to the names on the left; the sizes under `...` are returned. Null where the ranks do not agree. */
function readSizes(left: Pattern, shape: Dim[] | null, sizes: Map<string, Dim>, call: OperationCall) {
  const dots = left.indexOf('...');
  if (!shape) {
    for (const part of left)
      for (const name of typeof part === 'string' ? [part] : part) {
        if (name !== '...') sizeOf(name, sizes, call);
      }
    return { middle: null };
  }
  const middle = shape.length - left.length + 1;
  if (dots < 0 ? shape.length !== left.length : middle < 0) return null;
  for (const [index, part] of left.entries()) {
    if (part === '...') continue;
    const at = dots >= 0 && index > dots ? index + middle - 1 : index;
    readPart(part, shape[at]!, sizes, call);
  }
  return { middle: dots < 0 ? [] : shape.slice(dots, dots + middle) };
}

function readPart(part: string | string[], size: Dim, sizes: Map<string, Dim>, call: OperationCall): void {
  if (typeof part === 'string') {
    if (/^\d+$/.test(part) || part === '_') return;
    dims.suggestName(size, part);
    const known = sizes.get(part);
    if (!known || dims.sizeOf(known) === null) sizes.set(part, size);
    return;
  }
  const open = part.filter((name) => !sizes.has(name) && !/^\d+$/.test(name));
  const given = dims.product(
    part.filter((name) => !open.includes(name)).map((name) => sizeOf(name, sizes, call)),
  );
  if (open.length === 1 && given) {
    const solved = dims.floorDivide(size, given);
    if (solved) {
      dims.suggestName(solved, open[0]!);
      // A quotient of unknowns says less than the name that the pattern gives it.
      sizes.set(open[0]!, dims.nameOf(solved) === null ? call.symbols.dim(open[0]!) : solved);
    }
  }
  for (const name of open) sizeOf(name, sizes, call);
}
