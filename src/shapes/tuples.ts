import type { Shape } from '../attention/shape.ts';
import type { Setting } from './plausible.ts';
import { isIdentifierPart, Scanner } from './scanner.ts';

/** Sizes found in a text, before anyone asked whether they are an attention problem. Offsets in characters. */
export interface Candidate {
  start: number;
  end: number;
  shape: Shape;
  setting: Setting;
  /** How the sizes were read, as a clause: `read as batch, heads, sequence, head dim`. */
  assumption: string;
}

/** The longest piece of text that one shape may span. */
export const longestShape = 400;

const positional = 'read as batch, heads, sequence, head dim';

/** Functions whose arguments, four numbers or one tuple, are the sizes of a tensor. */
const tensorMakers = new Set(
  `randn rand zeros ones empty full normal uniform view reshape expand broadcast_to
   new_zeros new_ones new_empty new_full Size`.split(/\s+/),
);

/** Functions to which a sequence of four numbers is four values, never sizes. */
const valueTakers = new Set(
  `tensor as_tensor array asarray arange range linspace set sorted sum max min len print prod mean
   enumerate zip iter permute transpose LongTensor IntTensor`.split(/\s+/),
);

/** Finds `(8, 16, 4096, 64)`, `[8, 16, 4096, 64]` and calls such as `torch.randn(8, 16, 4096, 64, ...)`. */
export function* findTuples(text: string): Generator<Candidate> {
  // A size must follow the bracket, so that most brackets cost nothing.
  for (const { index } of text.matchAll(/[([](?=\s{0,40}[1-9#])/g)) {
    const candidate = readTuple(text, index);
    if (candidate) yield candidate;
  }
}

function readTuple(text: string, open: number): Candidate | null {
  const scanner = new Scanner(text, open + 1, longestShape);
  const sizes = readSizes(scanner);
  if (!sizes) return null;
  const closer = text[open] === '(' ? ')' : ']';
  const callee = calleeBefore(text, open);
  const closed = scanner.take(closer);
  if (callee) {
    // `name(8, 16, 4096, 64, ...)` is a call, `name[8, 16, 4096, 64]` an index.
    if (closer === ']' || !tensorMakers.has(callee.name)) return null;
    const end = closed ? scanner.position : endOfKeywordArguments(scanner);
    return end === null ? null : candidate(callee.start, end, sizes, 'tensor');
  }
  if (!closed) return null;
  const outer = enclosingCall(text, open);
  if (outer && valueTakers.has(outer.name)) return null;
  if (outer && tensorMakers.has(outer.name)) {
    const end = endOfCall(scanner) ?? scanner.position;
    return candidate(outer.start, end, sizes, 'tensor');
  }
  return candidate(open, scanner.position, sizes, 'bare');
}

function candidate(start: number, end: number, sizes: Sizes, setting: Setting): Candidate {
  const [batch, heads, seqLen, headDim] = sizes;
  const shape = {
    batch,
    heads,
    kvHeads: heads,
    seqLenQ: seqLen,
    seqLenKv: seqLen,
    headDim,
    headDimV: headDim,
  };
  return { start, end, shape, setting, assumption: positional };
}

type Sizes = [batch: number, heads: number, seqLen: number, headDim: number];

/** Exactly four numbers; the scanner stands behind the fourth and its comma, if there is one. */
function readSizes(scanner: Scanner): Sizes | null {
  const sizes: number[] = [];
  while (sizes.length < 4) {
    scanner.skipTrivia();
    const size = scanner.wholeNumber();
    if (size === null) return null;
    sizes.push(size);
    scanner.skipTrivia();
    if (!scanner.take(',') && sizes.length < 4) return null;
  }
  scanner.skipTrivia();
  return sizes as Sizes;
}

/** Behind four sizes of a call only keyword arguments may follow; a fifth size makes it something else. */
function endOfKeywordArguments(scanner: Scanner): number | null {
  const before = scanner.position;
  if (scanner.identifier() === null) return null;
  scanner.skipTrivia();
  if (!scanner.take('=')) return null;
  return endOfCall(scanner) ?? before;
}

/** The offset behind the bracket that closes the call, if it is near; brackets in strings are not looked for. */
function endOfCall(scanner: Scanner): number | null {
  let depth = 1;
  for (; scanner.position < scanner.end; scanner.position++) {
    const character = scanner.peek();
    if (character === '(' || character === '[') depth++;
    if (character === ')' || character === ']') depth--;
    if (depth === 0) return scanner.position + 1;
  }
  return null;
}

interface Callee {
  /** The last name of a dotted one. */
  name: string;
  start: number;
}

/** The dotted name that touches the bracket at `open`; empty names and long ones are none. */
function calleeBefore(text: string, open: number): Callee | null {
  let start = open;
  while (start > 0 && open - start < 100 && isNamePart(text.charCodeAt(start - 1))) start--;
  if (start === open) {
    // `f()(1, 2, 3, 4)` and `x[0][1, 2, 3, 4]`: a call and an index, of something without a name.
    const before = text[open - 1];
    return before === ')' || before === ']' ? { name: '', start } : null;
  }
  const dotted = text.slice(start, open);
  return { name: dotted.slice(dotted.lastIndexOf('.') + 1), start };
}

function isNamePart(code: number): boolean {
  return code === 46 || isIdentifierPart(code);
}

/** The call whose first argument, or `size=` or `shape=` argument, the bracket at `open` begins. */
function enclosingCall(text: string, open: number): Callee | null {
  const head = text.slice(Math.max(0, open - 60), open);
  const opening = /\(\s*(?:(?:size|shape)\s*=\s*)?$/.exec(head);
  return opening ? calleeBefore(text, open - head.length + opening.index) : null;
}
