import type { Candidate } from './tuples.ts';

const size = '([1-9]\\d{0,9})';
const times = ' {0,2}[x\\u00d7] {0,2}';
const four = new RegExp(
  `(?<![\\w.\\u00d7-])${size}${times}${size}${times}${size}${times}${size}(?![\\w\\u00d7]|\\.\\d| {0,2}[x\\u00d7])`,
  'g',
);

/** Finds `8x16x4096x64`, also with the multiplication sign and with spaces; five sizes are not four. */
export function* findCrosses(text: string): Generator<Candidate> {
  for (const match of text.matchAll(four)) {
    const [batch, heads, seqLen, headDim] = match.slice(1).map(Number) as [number, number, number, number];
    // The tail of a longer product, `2 x 8 x 16 x 4096 x 64`, starts behind a times sign.
    if (/[x\u00d7] {0,2}$/.test(text.slice(Math.max(0, match.index - 3), match.index))) continue;
    yield {
      start: match.index,
      end: match.index + match[0].length,
      shape: {
        batch,
        heads,
        kvHeads: heads,
        seqLenQ: seqLen,
        seqLenKv: seqLen,
        headDim,
        headDimV: headDim,
      },
      setting: 'bare',
      assumption: 'read as batch, heads, sequence, head dim',
    };
  }
}
