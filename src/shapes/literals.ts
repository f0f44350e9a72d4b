import type { Shape } from '../attention/shape.ts';
import { findCrosses } from './crosses.ts';
import { findNamed } from './named.ts';
import { isPlausible, speaksOfAttention } from './plausible.ts';
import { type Candidate, findTuples } from './tuples.ts';

/** A shape that stands in a text, in any language, in code, a comment or a string. */
export interface LiteralShape {
  /** Lines and columns from 0; the end is exclusive. Columns count UTF-16 units, as editors do. */
  range: { startLine: number; startColumn: number; endLine: number; endColumn: number };
  shape: Shape;
  /** The text that was read. */
  evidence: string;
  /** How the sizes were read, as a clause: `read as batch, heads, sequence, head dim`. */
  assumption: string;
}

/** Text past this many characters is not searched. */
export const longestText = 2 ** 20;

/** How much of the line around a shape is searched for words of attention. */
const surroundings = 160;

/** Finds all literal attention shapes, in the order of the text. Time is linear in the text's length. */
export function findShapes(text: string): LiteralShape[] {
  const searched = text.length > longestText ? text.slice(0, longestText) : text;
  const claims = withoutOverlaps(searched);
  const lines = new LineIndex(searched);
  return claims.map(({ start, end, shape, assumption }) => ({
    range: { ...lines.locate('start', start), ...lines.locate('end', end) },
    shape,
    evidence: searched.slice(start, end),
    assumption,
  }));
}

function withoutOverlaps(text: string): Candidate[] {
  const named = [...findNamed(text)];
  const unnamed = merge([...findTuples(text)], [...findCrosses(text)]).filter(
    ({ shape, setting, start, end }) =>
      isPlausible(shape, setting, speaksOfAttention(lineAround(text, start, end))),
  );
  const claims: Candidate[] = [];
  let next = 0;
  for (const found of named) {
    while (next < unnamed.length && unnamed[next]!.end <= found.start) claims.push(unnamed[next++]!);
    // Names say more than positions, even where they say that this is not an attention shape.
    while (next < unnamed.length && unnamed[next]!.start < found.end) next++;
    const { candidate } = found;
    if (candidate && isPlausible(candidate.shape, 'named', true)) claims.push(candidate);
  }
  claims.push(...unnamed.slice(next));
  return claims.filter((claim, index) => index === 0 || claim.start >= claims[index - 1]!.end);
}

function merge(left: Candidate[], right: Candidate[]): Candidate[] {
  return right.length === 0 ? left : [...left, ...right].sort((a, b) => a.start - b.start);
}

function lineAround(text: string, start: number, end: number): string {
  const before = text.slice(Math.max(0, start - surroundings), start);
  const after = text.slice(end, end + surroundings);
  const within = text.slice(start, Math.min(end, start + surroundings));
  return before.slice(before.lastIndexOf('\n') + 1) + within + after.split('\n', 1)[0];
}

/** Turns growing offsets into lines and columns in one walk over the text. */
class LineIndex {
  private readonly text: string;
  private line = 0;
  private lineStart = 0;
  private lineEnd: number;

  constructor(text: string) {
    this.text = text;
    this.lineEnd = this.endOfLine();
  }

  locate<P extends 'start' | 'end'>(prefix: P, offset: number): Record<`${P}Line` | `${P}Column`, number> {
    while (this.lineEnd < offset) {
      this.line++;
      this.lineStart = this.lineEnd + 1;
      this.lineEnd = this.endOfLine();
    }
    const located = { [`${prefix}Line`]: this.line, [`${prefix}Column`]: offset - this.lineStart };
    return located as Record<`${P}Line` | `${P}Column`, number>;
  }

  private endOfLine(): number {
    const end = this.text.indexOf('\n', this.lineStart);
    return end < 0 ? this.text.length : end;
  }
}
