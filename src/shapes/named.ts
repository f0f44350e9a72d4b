import type { Shape } from '../attention/shape.ts';
import { isIdentifierPart, isIdentifierStart, Scanner } from './scanner.ts';
import { type Candidate, longestShape } from './tuples.ts';

/** What people call the sizes; compared in lower case and without underscores. */
const sizeNames: Record<keyof Shape, string> = {
  batch: 'b bs bsz batch batchsize',
  heads: 'h nh heads nhead nheads numheads',
  kvHeads: 'kv hkv nkv kvheads numkvheads nkvheads',
  seqLenQ: 'n s t seq seqlen seqlenq sequence sequencelength nctx',
  seqLenKv: 'm skv seqlenk seqlenkv',
  headDim: 'd hd hs dh headdim headsize dimhead',
  headDimV: 'dv headdimv',
};

const meanings = new Map<string, keyof Shape>(
  Object.entries(sizeNames).flatMap(([size, names]) =>
    names.split(' ').map((name) => [name, size as keyof Shape] as const),
  ),
);

function meaningOf(name: string): keyof Shape | undefined {
  return name.length > 20 ? undefined : meanings.get(name.toLowerCase().replaceAll('_', ''));
}

interface Item {
  name: string;
  size: number;
  start: number;
  end: number;
}

/** A piece of text that gave names to sizes. Where it is not `readable`, nothing else may claim it either. */
export interface NamedSizes {
  start: number;
  end: number;
  candidate: Candidate | null;
}

/** Finds `b=8 h=16 n=4096 d=64` (also with commas, semicolons, kv, m, dv) and `B, H, N, D = 8, 16, 4096, 64`. */
export function* findNamed(text: string): Generator<NamedSizes> {
  for (let equals = text.indexOf('='); equals >= 0; equals = text.indexOf('=', equals + 1)) {
    const found = readUnpacking(text, equals) ?? readRun(text, equals);
    if (!found) continue;
    yield found;
    equals = Math.max(equals, found.end - 1);
  }
}

/** `name=1 name=2 ...` whose first `=` is at `equals`. */
function readRun(text: string, equals: number): NamedSizes | null {
  const start = nameBefore(text, equals);
  if (start === null || meaningOf(text.slice(start, equals).trim()) === undefined) return null;
  const items: Item[] = [];
  const scanner = new Scanner(text, start, longestShape);
  for (let end = start; ; ) {
    const item = readItem(scanner);
    if (!item || meaningOf(item.name) === undefined) return named(start, end, items);
    items.push(item);
    end = item.end;
    if (!skipSeparator(scanner)) return named(start, end, items);
  }
}

function readItem(scanner: Scanner): Item | null {
  const start = scanner.position;
  const name = scanner.identifier();
  if (name === null) return null;
  scanner.skipBlanks();
  if (!scanner.take('=') || scanner.peek() === '=') return null;
  scanner.skipBlanks();
  const size = scanner.wholeNumber();
  return size === null ? null : { name, size, start, end: scanner.position };
}

function skipSeparator(scanner: Scanner): boolean {
  const before = scanner.position;
  scanner.skipBlanks();
  if (scanner.take(',') || scanner.take(';')) scanner.skipTrivia();
  return scanner.position > before;
}

/** `B, H, N, D = 8, 16, 4096, 64`, bracketed or not, whose `=` is at `equals`. */
function readUnpacking(text: string, equals: number): NamedSizes | null {
  // Looked at first because it is cheap and most equals signs end here.
  if (!/^\s?[([\d]/.test(text.slice(equals + 1, equals + 3))) return null;
  const head = text.slice(Math.max(0, equals - 120), equals);
  const targets = /[([]? ?((?:[A-Za-z_]\w{0,19} {0,2}, {0,2}){2,6}[A-Za-z_]\w{0,19}) ?[)\]]? {0,2}$/.exec(
    head,
  );
  if (!targets) return null;
  const names = targets[1]!.split(',').map((name) => name.trim());
  const scanner = new Scanner(text, equals + 1, longestShape);
  scanner.skipBlanks();
  const bracketed = scanner.take('(') || scanner.take('[');
  const items: Item[] = [];
  for (const name of names) {
    if (bracketed) scanner.skipTrivia();
    else scanner.skipBlanks();
    const size = scanner.wholeNumber();
    if (size === null) return null;
    items.push({ name, size, start: scanner.position, end: scanner.position });
    scanner.skipBlanks();
    if (!scanner.take(',') && items.length < names.length) return null;
  }
  if (bracketed) {
    scanner.skipTrivia();
    if (!scanner.take(')') && !scanner.take(']')) return null;
  }
  const start = equals - head.length + targets.index;
  return named(start, bracketed ? scanner.position : items.at(-1)!.end, items);
}

function named(start: number, end: number, items: Item[]): NamedSizes | null {
  const sizes: Partial<Shape> = {};
  const names: string[] = [];
  const unclaimed = { start, end, candidate: null };
  for (const { name, size } of items) {
    const meaning = meaningOf(name);
    if (meaning === undefined || sizes[meaning] !== undefined) return unclaimed;
    sizes[meaning] = size;
    names.push(name);
  }
  const { heads, seqLenQ, headDim } = sizes;
  if (heads === undefined || seqLenQ === undefined || headDim === undefined) return unclaimed;
  const shape: Shape = {
    batch: sizes.batch ?? 1,
    heads,
    kvHeads: sizes.kvHeads ?? heads,
    seqLenQ,
    seqLenKv: sizes.seqLenKv ?? seqLenQ,
    headDim,
    headDimV: sizes.headDimV ?? headDim,
  };
  const batch = sizes.batch === undefined ? ', batch taken as 1' : '';
  const assumption = `read by the names ${names.join(', ')}${batch}`;
  return { start, end, candidate: { start, end, shape, setting: 'named', assumption } };
}

/** Where the name in front of `equals` starts, blanks allowed between; null where there is none. */
function nameBefore(text: string, equals: number): number | null {
  let end = equals;
  while (end > 0 && equals - end < 4 && text[end - 1] === ' ') end--;
  let start = end;
  while (start > 0 && end - start <= 20 && isIdentifierPart(text.charCodeAt(start - 1))) start--;
  const touches = text[start - 1];
  const isName = start < end && isIdentifierStart(text.charCodeAt(start)) && touches !== '.';
  return isName && end - start <= 20 ? start : null;
}
