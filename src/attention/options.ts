import { blockMaskError } from './blockMask.ts';
import type { Problem } from './problem.ts';
import type { Result } from './shape.ts';

/** Checks the options against the sizes: what is wrong and what is right, in one line. */
export function checkOptions(problem: Problem): Result<Problem> {
  const error =
    windowError(problem) ??
    lengthsError(problem) ??
    packedError(problem) ??
    biasError(problem) ??
    rateError(problem) ??
    (problem.blockMask && blockMaskError(problem.blockMask)) ??
    ringError(problem);
  return error === null ? { ok: true, value: problem } : { ok: false, error };
}

const isSize = (value: number) => Number.isSafeInteger(value) && value >= 0 && value < 2 ** 30;

function windowError({ window, causal }: Problem): string | null {
  if (!window) return null;
  for (const side of ['left', 'right'] as const) {
    const width = window[side];
    if (width !== null && !isSize(width))
      return `window ${side} must be a whole number of at least 0, got ${width}`;
  }
  if (causal && window.right !== null && window.right !== 0) {
    return `a causal mask already ends at the diagonal: window right must be 0 or left out, got ${window.right}`;
  }
  return null;
}

function lengthsError({ lengths, batch, seqLenKv }: Problem): string | null {
  if (!lengths) return null;
  if (lengths.length !== batch)
    return `lengths needs one number per batch entry: ${batch}, got ${lengths.length}`;
  const wrong = lengths.find((length) => !isSize(length) || length > seqLenKv);
  return wrong === undefined ? null : `lengths are between 0 and the key length ${seqLenKv}, got ${wrong}`;
}

function packedError({ packed, lengths, batch, seqLenQ, seqLenKv }: Problem): string | null {
  if (!packed) return null;
  if (lengths) return 'packed sequences have no padding: give packed or lengths, not both';
  if (batch !== 1) return `packed sequences lie in one batch entry: batch must be 1, got ${batch}`;
  if (seqLenQ !== seqLenKv)
    return 'packed sequences attend within themselves: query and key length must agree';
  const wrong = packed.find((length) => !isSize(length) || length === 0);
  if (wrong !== undefined) return `packed lengths are at least 1, got ${wrong}`;
  const total = packed.reduce((sum, length) => sum + length, 0);
  return total === seqLenQ ? null : `packed lengths sum to ${total}, the sequence length is ${seqLenQ}`;
}

function biasError({ bias, batch, heads }: Problem): string | null {
  if (!bias) return null;
  if (bias.batch !== 1 && bias.batch !== batch)
    return `bias has batch ${bias.batch}: 1 or ${batch} is possible`;
  if (bias.heads !== 1 && bias.heads !== heads)
    return `bias has ${bias.heads} heads: 1 or ${heads} is possible`;
  return null;
}

function rateError({ softcap, dropout }: Problem): string | null {
  if (softcap !== null && !(softcap > 0 && Number.isFinite(softcap))) {
    return `softcap must be above 0, got ${softcap}`;
  }
  if (dropout !== null && !(dropout >= 0 && dropout < 1))
    return `dropout must be from 0 to below 1, got ${dropout}`;
  return null;
}

const maxRingDevices = 256;

function ringError({ ringDevices, seqLenQ, seqLenKv }: Problem): string | null {
  if (ringDevices === null) return null;
  if (!Number.isSafeInteger(ringDevices) || ringDevices < 1 || ringDevices > maxRingDevices) {
    return `ring devices are a whole number from 1 to ${maxRingDevices}, got ${ringDevices}`;
  }
  const rows = Math.min(seqLenQ, seqLenKv);
  return ringDevices <= rows
    ? null
    : `${ringDevices} ring devices share ${rows} rows: each needs at least one`;
}

/**
 * ALiBi slopes (Press et al. 2022, section 3): for a power of two heads 2^(-8 i / heads), i = 1 .. heads;
 * else those of the next lower power of two, then every other one of the next higher. Rounded to f32.
 */
export function alibiSlopes(heads: number): number[] {
  const lower = 2 ** Math.floor(Math.log2(heads));
  const ofPower = (count: number) => Array.from({ length: count }, (_, i) => 2 ** ((-8 * (i + 1)) / count));
  const extra = ofPower(2 * lower).filter((_, i) => i % 2 === 0);
  return [...ofPower(lower), ...extra].slice(0, heads).map(Math.fround);
}

/** An element of P is dropped where its random word is below this; the rate as the kernels see it. */
export function dropThreshold(dropout: number): number {
  return Math.floor(dropout * 2 ** 32);
}

/** Streams of the seed: what each tensor's numbers are drawn from. */
export const streams = { q: 0, k: 1, v: 2, dout: 3, bias: 4, sinks: 5 } as const;

/**
 * The dropout mask: element (head of batch x heads, row, key) is dropped where word key mod 4 of Philox
 * block (floor(key / 4), row, head, 1), key (seed low, seed high), is below `dropThreshold`. The last
 * counter word keeps it apart from the inputs, which have 0 there.
 */
export const dropoutCounterTag = 1;
