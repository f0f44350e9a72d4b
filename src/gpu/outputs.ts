import { type RowLayout, rowLayout } from '../attention/storage.ts';
import type { PlanBuffer } from '../plans/plan.ts';
import type { Execution } from './execution.ts';
import { unpackRows, wordsOfRow } from './packing.ts';
import { poisonWord } from './poison.ts';
import { readWords } from './readback.ts';
import type { Tensors } from './tensors.ts';

/** What one output held after a run. */
export interface OutputScan {
  /** How its rows are stored. */
  layout: RowLayout;
  /** Elements, without what pads a row. */
  elements: number;
  nonFinite: number;
  /** Of the non-finite ones, those that nobody wrote: they still hold the poison. */
  unwritten: number;
  /** The first element that is not finite, or -1. */
  firstNonFinite: number;
  /** The sampled rows, rows x width. */
  sampled: Float32Array;
  /** Digests of stretches of `digestWords` words, to compare two builds bit for bit. */
  digests: Uint32Array;
}

const digestWords = 65_536;

/**
 * Reads a whole output: counts what is not finite, picks out `rows` (ascending), and digests everything.
 */
export async function scanOutput(
  execution: Execution,
  tensors: Tensors,
  { name, elements: { dtype, width } }: PlanBuffer,
  rows: readonly number[],
): Promise<OutputScan> {
  const { buffer, bytes } = tensors.get(name)!;
  const layout = rowLayout(dtype, width);
  const stride = wordsOfRow(layout);
  const scan: OutputScan = {
    layout,
    elements: (bytes / layout.bytes) * width,
    nonFinite: 0,
    unwritten: 0,
    firstNonFinite: -1,
    sampled: new Float32Array(0),
    digests: new Uint32Array(2 * Math.ceil(bytes / 4 / digestWords)),
  };
  const sampledWords = new Uint32Array(rows.length * stride);
  let row = 0;
  for await (const { from, words } of readWords(execution, buffer, bytes)) {
    if (dtype === 'f32') countWords(scan, from, words);
    else countHalves(scan, from, words);
    digest(scan, from, words);
    const end = from + words.length;
    // A row may straddle two chunks: the part at hand is copied, and the row stays current for the next.
    while (row < rows.length && rows[row]! * stride < end) {
      const start = rows[row]! * stride;
      const first = Math.max(start, from);
      const last = Math.min(start + stride, end);
      sampledWords.set(words.subarray(first - from, last - from), row * stride + first - start);
      if (start + stride > end) break;
      row++;
    }
  }
  scan.sampled = unpackRows(sampledWords, layout);
  return scan;
}

function countWords(scan: OutputScan, from: number, words: Uint32Array): void {
  const poison = poisonWord('f32');
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    if ((word & 0x7f800000) === 0x7f800000) countOne(scan, from + index, word === poison);
  }
}

function countHalves(scan: OutputScan, from: number, words: Uint32Array): void {
  const { dtype, width } = scan.layout;
  const exponent = dtype === 'f16' ? 0x7c00 : 0x7f80;
  const poison = poisonWord(dtype) & 0xffff;
  const stride = wordsOfRow(scan.layout);
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    const low = word & 0xffff;
    const high = word >>> 16;
    if ((low & exponent) !== exponent && (high & exponent) !== exponent) continue;
    const column = 2 * ((from + index) % stride);
    const element = Math.floor((from + index) / stride) * width + column;
    if ((low & exponent) === exponent) countOne(scan, element, low === poison);
    if ((high & exponent) === exponent && column + 1 < width) countOne(scan, element + 1, high === poison);
  }
}

function countOne(scan: OutputScan, element: number, unwritten: boolean): void {
  if (scan.nonFinite === 0) scan.firstNonFinite = element;
  scan.nonFinite++;
  if (unwritten) scan.unwritten++;
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
    const stretch = Math.floor(index / 2) * digestWords;
    return {
      from: firstElementOf(one.layout, stretch),
      to: Math.min(one.elements, firstElementOf(one.layout, stretch + digestWords)) - 1,
    };
  }
  return null;
}

/** The first element of a word. */
function firstElementOf(layout: RowLayout, word: number): number {
  const { dtype, width } = layout;
  const stride = wordsOfRow(layout);
  return Math.floor(word / stride) * width + (word % stride) * (dtype === 'f32' ? 1 : 2);
}
