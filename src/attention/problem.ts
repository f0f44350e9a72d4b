import { type BlockMask, formatBlockMask } from './blockMask.ts';
import type { Shape } from './shape.ts';

/** Storage type of Q, K, V, O and their gradients. Scores, softmax and sums are f32 always. */
export const dtypes = ['f32', 'f16', 'bf16'] as const;
export type Dtype = (typeof dtypes)[number];

/**
 * Which keys a query may see. `top-left`: query i sees keys 0..i (PyTorch, JAX).
 * `bottom-right`: the last query sees the last key (flash-attn 2.1 and later). The two agree when
 * seqLenQ equals seqLenKv.
 */
export const causalAlignments = ['bottom-right', 'top-left'] as const;
export type Causal = false | (typeof causalAlignments)[number];

export const passes = ['forward', 'backward'] as const;
export type Pass = (typeof passes)[number];

/** Keys that a query sees on either side of its diagonal; null is no limit. Diagonal as in `causal`. */
export interface Window {
  left: number | null;
  right: number | null;
}

/** A matrix added to the scores, (batch or 1, heads or 1, seqLenQ, seqLenKv), f32. */
export interface Bias {
  batch: number;
  heads: number;
}

/** Everything beyond the sizes that decides what is computed; null or false where it is off. */
export interface ProblemOptions {
  causal: Causal;
  window: Window | null;
  /** Keys of each batch entry that are not padding. The bottom-right diagonal ends at the last of them. */
  lengths: number[] | null;
  /** Sequences laid end to end in one batch entry, each attending within itself; they sum to seqLenQ. */
  packed: number[] | null;
  bias: Bias | null;
  /** Adds -slope |diagonal - key|, slopes as Press et al. 2022, section 3. */
  alibi: boolean;
  /** Scores become softcap tanh(score / softcap), before bias and slopes. */
  softcap: number | null;
  /** One logit per head that takes part in the softmax and has no value (StreamingLLM, gpt-oss). */
  sinks: boolean;
  /** Probability with which an element of P is dropped; the others are divided by 1 - p. */
  dropout: number | null;
  /** Tiles that are computed at all; block-sparse attention alone knows it. */
  blockMask: BlockMask | null;
  /** Virtual devices among which ring attention spreads the sequence; null lets the algorithm choose. */
  ringDevices: number | null;
}

export const noOptions: ProblemOptions = {
  causal: false,
  window: null,
  lengths: null,
  packed: null,
  bias: null,
  alibi: false,
  softcap: null,
  sinks: false,
  dropout: null,
  blockMask: null,
  ringDevices: null,
};

/** A shape plus everything that decides what is computed. */
export interface Problem extends Shape, ProblemOptions {
  dtype: Dtype;
  /** Seeds the inputs and the dropout mask: the same for every algorithm, bit for bit. */
  seed: number;
}

export function bytesPerElement(dtype: Dtype): number {
  return dtype === 'f32' ? 4 : 2;
}

/** A short, stable name: `b1 h8 kv8 n512 m512 d64 dv64 f32`, and the options that are on. */
export function problemId(problem: Problem): string {
  const { batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV, dtype } = problem;
  const shape = `b${batch} h${heads} kv${kvHeads} n${seqLenQ} m${seqLenKv} d${headDim} dv${headDimV} ${dtype}`;
  return [shape, ...optionWords(problem)].join(' ');
}

/** The options that are on, each in a word or two. */
export function optionWords(problem: ProblemOptions): string[] {
  const { causal, window, lengths, packed, bias, alibi, softcap, sinks, dropout, blockMask, ringDevices } =
    problem;
  const words: string[] = [];
  if (causal) words.push(`causal ${causal}`);
  if (window) words.push(`window ${window.left ?? '∞'},${window.right ?? '∞'}`);
  if (lengths) words.push(`lengths ${lengths.join(',')}`);
  if (packed) words.push(`packed ${packed.join(',')}`);
  if (bias) words.push(`bias ${bias.batch}x${bias.heads}`);
  if (alibi) words.push('alibi');
  if (softcap !== null) words.push(`softcap ${softcap}`);
  if (sinks) words.push('sinks');
  if (dropout !== null) words.push(`dropout ${dropout}`);
  if (blockMask) words.push(`blocks ${formatBlockMask(blockMask)}`);
  if (ringDevices !== null) words.push(`ring ${ringDevices}`);
  return words;
}
