import { findShapes } from '../literals.ts';
import { speaksOfAttention } from '../plausible.ts';
import type { AttentionSite } from '../site.ts';
import { literal } from './known.ts';
import type { LineIndex } from './lines.ts';
import { siteOf } from './site.ts';

/** Shapes past this many are a list of data, and nobody reads it to its end. */
const mostLiterals = 1000;

/** How much of the line around a shape is read. */
const surroundings = 160;

/** Words that say that four numbers in brackets are the sizes of a tensor. */
const shapeWords = /shape|size|dims?\b|tensor|randn|zeros|ones|bhsd|bhnd|\bb\b.{0,4}\bh\b/i;
/** Words that say that they are something else. */
const otherWords =
  /image|img|pixel|bbox|box|rect|crop|pad|margin|viewport|color|colour|rgba?|stride|kernel_size|dilation|conv|channels?|height|width|version|threads?\b|grid|<<<|mma|gemm|instructions?|tiles?\b/i;

/**
 * Shapes that stand in a text as they are: `8x16x4096x64`, `b=8 h=16 n=4096 d=64`, `(8, 16, 4096, 64)`. Sizes in
 * brackets need a word beside them that says so, and rows of a matrix are data.
 */
export function literalSites(text: string, lines: LineIndex): AttentionSite[] {
  return findShapes(text)
    .slice(0, mostLiterals)
    .flatMap(({ shape, range, evidence, assumption }) => {
      const start = lines.offset(range.startLine + 1, range.startColumn);
      const end = lines.offset(range.endLine + 1, range.endColumn);
      const before = lastLine(text.slice(Math.max(0, start - surroundings), start));
      const after = text.slice(end, end + surroundings).split('\n', 1)[0]!;
      const line = before + evidence + after;
      const isNamed = assumption.startsWith('read by');
      const isBracketed = /^[([]/.test(evidence);
      if (!isNamed && otherWords.test(line) && !speaksOfAttention(line)) return [];
      if (isBracketed && !isNamed) {
        // What stands in front of an equals sign says what the numbers are; a comment behind may be about anything.
        const around = /[\w\])]\s{0,4}[=:]\s{0,4}$/.test(before) ? before + evidence : line;
        if (!shapeWords.test(around) && !speaksOfAttention(around)) return [];
        if (isRowOfMatrix(before, after)) return [];
      }
      const sizes = Object.fromEntries(Object.entries(shape).map(([name, size]) => [name, literal(size)]));
      // Names that are not written are the usual defaults, not what the text says.
      if (!isNamed || !/\bn?h?_?kv|_kv|hkv|key_?value/i.test(evidence))
        sizes.kvHeads = { ...literal(shape.kvHeads), basis: 'default' };
      if (/batch taken as 1/.test(assumption)) delete sizes.batch;
      const layout = { ...lines.evidence(start, 'layout'), text: assumption };
      return [
        siteOf({ start, end, api: 'text', callee: evidence.slice(0, 80), sizes, evidence: [layout] }, lines),
      ];
    });
}

/** Sizes in brackets beside others, or alone on a line inside other brackets. */
function isRowOfMatrix(before: string, after: string): boolean {
  if (/[\])]\s{0,4},\s{0,4}$/.test(before) || /^\s{0,4},\s{0,4}[[(]/.test(after)) return true;
  return /\[\s{0,4}$/.test(before) || (before.trim() === '' && /^\s{0,4},?\s{0,4}$/.test(after));
}

function lastLine(text: string): string {
  return text.slice(text.lastIndexOf('\n') + 1);
}
