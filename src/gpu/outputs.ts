import type { Execution } from './execution.ts';
import { readWords } from './readback.ts';
import { poisonWord, type Tensors } from './tensors.ts';

/** What one output held after a run. */
export interface OutputScan {
  elements: number;
  nonFinite: number;
  /** Of the non-finite ones, those that nobody wrote: they still hold the poison. */
  unwritten: number;
  /** The first element that is not finite, or -1. */
  firstNonFinite: number;
  /** The sampled rows, rows x width. */
  sampled: Float32Array;
  /** Digests of stretches of `digestWords` elements, to compare two builds bit for bit. */
  digests: Uint32Array;
}

export const digestWords = 65_536;

/**
 * Reads a whole f32 output: counts what is not finite, picks out `rows` (ascending) of `width` elements,
 * and digests everything.
 */
export async function scanOutput(
  execution: Execution,
  tensors: Tensors,
  name: string,
  rows: readonly number[],
  width: number,
): Promise<OutputScan> {
  const { buffer, bytes } = tensors.get(name)!;
  const elements = bytes / 4;
  const scan: OutputScan = {
    elements,
    nonFinite: 0,
    unwritten: 0,
    firstNonFinite: -1,
    sampled: new Float32Array(rows.length * width),
    digests: new Uint32Array(2 * Math.ceil(elements / digestWords)),
  };
  const sampledWords = new Uint32Array(scan.sampled.buffer);
  let row = 0;
  for await (const { from, words } of readWords(execution, buffer, bytes)) {
    countNonFinite(scan, from, words);
    digest(scan, from, words);
    const end = from + words.length;
    // A row may straddle two chunks: the part at hand is copied, and the row stays current for the next.
    while (row < rows.length && rows[row]! * width < end) {
      const start = rows[row]! * width;
      const first = Math.max(start, from);
      const last = Math.min(start + width, end);
      sampledWords.set(words.subarray(first - from, last - from), row * width + first - start);
      if (start + width > end) break;
      row++;
    }
  }
  return scan;
}

function countNonFinite(scan: OutputScan, from: number, words: Uint32Array): void {
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    if ((word & 0x7f800000) !== 0x7f800000) continue;
    if (scan.nonFinite === 0) scan.firstNonFinite = from + index;
    scan.nonFinite++;
    if (word === poisonWord) scan.unwritten++;
  }
}

/** Two 32-bit multiplicative hashes with different multipliers; equal digests mean equal words. */
function digest(scan: OutputScan, from: number, words: Uint32Array): void {
  const { digests } = scan;
  for (let start = 0; start < words.length; start += digestWords) {
    const at = 2 * ((from + start) / digestWords);
    let a = 0x811c9dc5;
    let b = 0x9747b28c;
    const end = Math.min(words.length, start + digestWords);
    for (let index = start; index < end; index++) {
      const word = words[index]!;
      a = Math.imul(a ^ word, 0x01000193);
      a ^= a >>> 15;
      b = Math.imul(b + word, 0x85ebca6b);
      b ^= b >>> 13;
    }
    digests[at] = a;
    digests[at + 1] = b;
  }
}

/** The first stretch of elements in which two runs differ, or null where they are equal bit for bit. */
export function firstDifference(one: OutputScan, other: OutputScan): { from: number; to: number } | null {
  for (let index = 0; index < one.digests.length; index++) {
    if (one.digests[index] === other.digests[index]) continue;
    const from = Math.floor(index / 2) * digestWords;
    return { from, to: Math.min(one.elements, from + digestWords) - 1 };
  }
  return null;
}
