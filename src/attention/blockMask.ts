import { philox4x32 } from './random/philox.ts';
import type { Result } from './shape.ts';

/**
 * Which tiles of the score matrix block-sparse attention computes (FlashAttention, section 3.3 and Algorithm
 * 5); a pair of query and key in any other tile is masked. Every head has the same blocks, and every row of
 * blocks has at least one. Where there are not as many row blocks as key blocks, the diagonal is stretched.
 */
export type BlockMask =
  /** Key blocks at most `width` away from the diagonal, on either side. */
  | { kind: 'local'; width: number }
  /** The diagonal, and every `stride`-th key block counted from it (Sparse Transformer, section 4.2). */
  | { kind: 'strided'; stride: number }
  /**
   * The diagonal, and the blocks whose row and column numbers differ in one bit: the sum of all butterfly
   * factors (Pixelated Butterfly, Dao et al. 2022, section 3.2).
   */
  | { kind: 'butterfly' }
  /** This share of the key blocks, at least one, drawn for each row of blocks from the seed. */
  | { kind: 'random'; density: number };

const usage = 'give local:WIDTH, strided:STRIDE, butterfly or random:DENSITY';

/** Blocks along one side: no sequence has more. */
const maxBlocks = 2 ** 30;

/** Reads `local:4`, `strided:8`, `butterfly`, `random:0.25`. Errors are one line. */
export function parseBlockMask(text: string): Result<BlockMask> {
  const [kind, argument, ...rest] = text.trim().split(':');
  if (rest.length > 0) return fail(`block mask ${quote(text)} is not understood: ${usage}`);
  switch (kind) {
    case 'butterfly':
      return argument === undefined
        ? { ok: true, value: { kind } }
        : fail(`block mask butterfly takes no number, got ${quote(text)}: ${usage}`);
    case 'local':
      return withNumber(text, /^\d{1,10}$/, argument, (width) => ({ kind, width }));
    case 'strided':
      return withNumber(text, /^\d{1,10}$/, argument, (stride) => ({ kind, stride }));
    case 'random':
      return withNumber(text, /^(\d(\.\d{1,40})?|\.\d{1,40})(e-\d{1,2})?$/, argument, (density) => ({
        kind,
        density,
      }));
    default:
      return fail(`block mask ${quote(text)} is not understood: ${usage}`);
  }
}

/** Reads back to the same mask. */
export function formatBlockMask(mask: BlockMask): string {
  switch (mask.kind) {
    case 'local':
      return `local:${mask.width}`;
    case 'strided':
      return `strided:${mask.stride}`;
    case 'butterfly':
      return 'butterfly';
    case 'random':
      return `random:${mask.density}`;
  }
}

/** Why there is no such mask, or null. */
export function blockMaskError(mask: BlockMask): string | null {
  const whole = (value: number, least: number) =>
    Number.isSafeInteger(value) && value >= least && value < maxBlocks;
  switch (mask.kind) {
    case 'local':
      return whole(mask.width, 0)
        ? null
        : `block mask local needs a width in blocks of at least 0, got ${mask.width}`;
    case 'strided':
      return whole(mask.stride, 1)
        ? null
        : `block mask strided needs a stride in blocks of at least 1, got ${mask.stride}`;
    case 'random':
      return mask.density > 0 && mask.density <= 1
        ? null
        : `block mask random needs a density above 0, at most 1, got ${mask.density}`;
    case 'butterfly':
      return null;
  }
}

/**
 * The key blocks that a row of blocks computes, rising. `rowBlocks` and `keyBlocks` are how many blocks the
 * queries and keys have; `seed` matters to random masks alone.
 */
export function visibleBlocks(
  mask: BlockMask,
  rowBlock: number,
  rowBlocks: number,
  keyBlocks: number,
  seed: number,
): number[] {
  if (mask.kind === 'random') return randomBlocks(mask.density, rowBlock, keyBlocks, seed);
  const sees = predicate(mask, rowBlock, rowBlocks, keyBlocks);
  const blocks: number[] = [];
  for (let block = 0; block < keyBlocks; block++) if (sees(block)) blocks.push(block);
  return blocks;
}

/** The key blocks that the stretched diagonal crosses in a row of blocks. */
export function diagonalBlocks(rowBlock: number, rowBlocks: number, keyBlocks: number) {
  const first = Math.floor((rowBlock * keyBlocks) / rowBlocks);
  return { first, last: Math.max(first, Math.ceil(((rowBlock + 1) * keyBlocks) / rowBlocks) - 1) };
}

function predicate(
  mask: Exclude<BlockMask, { kind: 'random' }>,
  rowBlock: number,
  rowBlocks: number,
  keyBlocks: number,
): (keyBlock: number) => boolean {
  const { first, last } = diagonalBlocks(rowBlock, rowBlocks, keyBlocks);
  const onDiagonal = (block: number) => block >= first && block <= last;
  switch (mask.kind) {
    case 'local':
      return (block) => block >= first - mask.width && block <= last + mask.width;
    case 'strided':
      return (block) => onDiagonal(block) || (block - first) % mask.stride === 0;
    case 'butterfly': {
      // The pattern of the shorter side; its blocks are stretched over the longer one.
      const side = Math.min(rowBlocks, keyBlocks);
      const row = Math.floor((rowBlock * side) / rowBlocks);
      return (block) => {
        const difference = row ^ Math.floor((block * side) / keyBlocks);
        return (difference & (difference - 1)) === 0;
      };
    }
  }
}

/**
 * As many blocks as the density asks for, those with the smallest words: that of key block j is word j mod 4
 * of Philox block (floor(j / 4), row block, 0, 2), key (seed low, seed high).
 */
function randomBlocks(density: number, rowBlock: number, keyBlocks: number, seed: number): number[] {
  const wanted = Math.min(keyBlocks, Math.max(1, Math.round(density * keyBlocks)));
  const words = new Uint32Array(4 * Math.ceil(keyBlocks / 4));
  for (let at = 0; at < words.length; at += 4) {
    const four = words.subarray(at, at + 4);
    philox4x32(four, at / 4, rowBlock, 0, blockCounterTag, seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0);
  }
  // Of blocks with the largest word that is drawn, the first ones are taken.
  const { largest, below } = nthSmallest(words.subarray(0, keyBlocks), wanted);
  let ties = wanted - below;
  const blocks: number[] = [];
  for (let block = 0; block < keyBlocks; block++) {
    const word = words[block]!;
    if (word < largest || (word === largest && ties-- > 0)) blocks.push(block);
  }
  return blocks;
}

/**
 * The n-th smallest word, and how many are smaller: words are counted by their upper bits, and only those that
 * share them with the one looked for are sorted.
 */
function nthSmallest(words: Uint32Array, n: number): { largest: number; below: number } {
  const counts = new Uint32Array(2 ** upperBits);
  const upper = (word: number) => word >>> (32 - upperBits);
  for (const word of words) counts[upper(word)]!++;
  let bucket = 0;
  let below = 0;
  while (below + counts[bucket]! < n) below += counts[bucket++]!;
  const near = words.filter((word) => upper(word) === bucket).sort();
  const largest = near[n - below - 1]!;
  return { largest, below: below + near.indexOf(largest) };
}

const upperBits = 8;

/** Keeps the blocks apart from the inputs, which have 0 there, and from the dropout mask, which has 1. */
const blockCounterTag = 2;

function withNumber(
  text: string,
  digits: RegExp,
  argument: string | undefined,
  make: (value: number) => BlockMask,
): Result<BlockMask> {
  if (argument === undefined || !digits.test(argument)) {
    return fail(`block mask ${quote(text)} is not understood: ${usage}`);
  }
  const mask = make(Number(argument));
  const error = blockMaskError(mask);
  return error === null ? { ok: true, value: mask } : fail(error);
}

/** Text from outside, safe to repeat in a one-line message. */
function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}

function fail(error: string): { ok: false; error: string } {
  return { ok: false, error };
}
