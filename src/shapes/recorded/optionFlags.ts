import type { Bias, Causal, ProblemOptions, Window } from '../../attention/problem.ts';
import { type Flag, formatTensor, isTensor, type ObservedCall, typeOf } from './observedCall.ts';

/** Options of a problem as far as the flags of a call give them, and in words what they do not give. */
export interface ReadOptions {
  options: Partial<ProblemOptions>;
  notes: string[];
}

export type OptionReader = (call: ObservedCall) => ReadOptions;

export function causalFlag(flag: string, alignment: Exclude<Causal, false>): OptionReader {
  return ({ flags }) => ({ options: flags[flag] === true ? { causal: alignment } : {}, notes: [] });
}

/** A rate above 0; 0 and what is left out is off. */
export function dropoutFlag(flag: string): OptionReader {
  return ({ flags }) => {
    const rate = flags[flag];
    return { options: typeof rate === 'number' && rate > 0 ? { dropout: rate } : {}, notes: [] };
  };
}

/** flash-attn: 0 is off. */
export const softcapFlag: OptionReader = ({ flags: { softcap } }) => ({
  options: typeof softcap === 'number' && softcap > 0 ? { softcap } : {},
  notes: [],
});

/** flash-attn: (left, right), where a negative number or null is no limit; a causal mask ends at its diagonal. */
export const windowFlag: OptionReader = ({ flags: { window_size: pair, causal } }) => {
  if (!Array.isArray(pair) || pair.length !== 2) return { options: {}, notes: [] };
  const window = windowOf(pair[0], causal === true ? null : pair[1]);
  return { options: window ? { window } : {}, notes: [] };
};

export function windowOf(left: Flag | undefined, right: Flag | undefined): Window | null {
  const limit = (side: Flag | undefined) => (typeof side === 'number' && side >= 0 ? side : null);
  const window = { left: limit(left), right: limit(right) };
  return window.left === null && window.right === null ? null : window;
}

export const alibiFlag: OptionReader = ({ flags: { alibi_slopes: slopes } }) =>
  isTensor(slopes)
    ? { options: { alibi: true }, notes: ['ALiBi slopes taken as those of Press et al. 2022'] }
    : { options: {}, notes: [] };

export const sinksFlag: OptionReader = ({ flags: { learnable_sink: sinks } }) => ({
  options: isTensor(sinks) ? { sinks: true } : {},
  notes: [],
});

/** A scale of its own changes no cost; it is only said. */
export function scaleFlag(flag: string): OptionReader {
  return ({ flags }) => {
    const scale = flags[flag];
    return { options: {}, notes: typeof scale === 'number' ? [`scale ${Number(scale.toPrecision(6))}`] : [] };
  };
}

/**
 * A mask or bias given as a tensor that broadcasts to (batch, heads, seqLenQ, seqLenKv). One whose rows are all
 * the same is a padding mask: which keys it hides is not known, so it is left out and said.
 */
export function biasFlag(flag: string): OptionReader {
  return ({ flags, tensors }) => {
    const mask = flags[flag];
    if (!isTensor(mask)) {
      const type = typeOf(mask);
      return { options: {}, notes: type ? [`${flag} of type ${type} left out`] : [] };
    }
    const rank = (tensors.query ?? tensors.q)?.shape.length ?? 4;
    return biasOf(flag, mask.shape, mask.dtype, rank, formatTensor(mask));
  };
}

function biasOf(
  flag: string,
  shape: readonly number[],
  dtype: string,
  rank: number,
  written: string,
): ReadOptions {
  const leftOut = (why: string): ReadOptions => ({
    options: {},
    notes: [`${flag} ${written} left out: ${why}`],
  });
  if (shape.length < 2 || shape.at(-2) === 1) return leftOut('which keys it hides is not known');
  if (shape.length > 4 || rank > 4) return leftOut('it has more than four sizes');
  // Three sizes are (heads, query, key) against a query of four sizes, (batch, query, key) against one of three.
  const [batch, heads] =
    shape.length === 4
      ? [shape[0]!, shape[1]!]
      : shape.length === 3
        ? rank === 3
          ? [shape[0]!, 1]
          : [1, shape[0]!]
        : [1, 1];
  const bias: Bias = { batch, heads };
  const notes = dtype.includes('float32') ? [] : [`${flag} ${written} profiled as a bias of f32`];
  return { options: { bias }, notes };
}

/** All readers, one after the other. */
export function allOf(...readers: OptionReader[]): OptionReader {
  return (call) => {
    const read = readers.map((reader) => reader(call));
    return {
      options: Object.assign({}, ...read.map(({ options }) => options)),
      notes: read.flatMap(({ notes }) => notes),
    };
  };
}
