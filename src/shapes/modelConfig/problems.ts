import { type Dtype, noOptions, type Problem } from '../../attention/problem.ts';
import { checkShape, maxHeadDim } from '../../attention/shape.ts';
import type { LayerGroup, Tower } from './types.ts';

/** Prefill: a whole sequence at once. Decode: one new token against a context of `seqLen` tokens, itself included. */
export type Phase = 'prefill' | 'decode';

export interface Setting {
  phase: Phase;
  batch: number;
  seqLen: number;
  dtype: Dtype;
}

/** What one layer of a group computes. */
export interface LayerProblem {
  problem: Problem;
  /** How many such problems a layer solves: sequences of a batch that are cut into chunks are solved one by one. */
  times: number;
  /** V is a part of K, and read with it: latent attention while decoding. */
  valuesInKeys: boolean;
  /** Whether the kernels here have heads of this width. */
  runnable: boolean;
}

/** More chunks than this make lists that serve nobody. */
const mostChunks = 65_536;

/**
 * The attention problem of one layer of a group, or why there is none. A causal window of W keys is W - 1 to the
 * left of the diagonal; a bidirectional one half of W on each side. Decoding sees the window's last W keys, or
 * those of the current chunk; with latent attention the latent is the one key and value of all heads (absorbed
 * form: kv_lora_rank + rotary dims wide, DeepSeek-V2, arXiv 2405.04434, section 2.1.2). A causal mask is assumed
 * where it is not known; `assumptions` says so.
 */
export function layerProblem(group: LayerGroup, setting: Setting): LayerProblem | { obstacle: string } {
  const { heads, kvHeads, headDim, headDimV, latent, obstacle } = group;
  if (obstacle !== null || !heads || !kvHeads || !headDim || !headDimV) {
    return { obstacle: obstacle ?? 'its sizes are not known' };
  }
  const { phase, batch, seqLen, dtype } = setting;
  const causal = group.causal?.value ?? true;
  if (phase === 'decode' && !causal)
    return { obstacle: 'it sees the whole sequence at once and does not decode' };
  const base: Problem = {
    ...noOptions,
    batch,
    heads: heads.value,
    kvHeads: kvHeads.value,
    seqLenQ: seqLen,
    seqLenKv: seqLen,
    headDim: headDim.value,
    headDimV: headDimV.value,
    softcap: group.softcap?.value ?? null,
    alibi: group.alibi?.value ?? false,
    sinks: group.sinks?.value ?? false,
    dtype,
    seed: 0,
  };
  if (phase === 'decode') {
    const seen = { ...base, seqLenQ: 1, seqLenKv: keysSeen(group, seqLen) };
    if (!latent) return checked(seen, 1, false);
    const rank = latent.kvLoraRank.value;
    const width = rank + latent.qkRopeHeadDim.value;
    return checked({ ...seen, kvHeads: 1, headDim: width, headDimV: rank }, 1, true);
  }
  const masked: Problem = { ...base, causal: causal ? 'bottom-right' : false };
  const width = group.window?.value ?? null;
  if (group.kind === 'chunked' && width !== null && width < seqLen) return inChunks(masked, width);
  if (group.kind !== 'sliding' || width === null) return checked(masked, 1, false);
  const side = causal ? width - 1 : Math.floor(width / 2);
  if (side >= seqLen - 1) return checked(masked, 1, false);
  const window = { left: side, right: causal ? null : side };
  return checked({ ...masked, window }, 1, false);
}

/** Keys that a new token sees. */
function keysSeen({ kind, window }: LayerGroup, seqLen: number): number {
  if (!window) return seqLen;
  if (kind === 'chunked') return ((seqLen - 1) % window.value) + 1;
  return kind === 'sliding' ? Math.min(seqLen, window.value) : seqLen;
}

/** Chunks laid end to end, each attending within itself. */
function inChunks(problem: Problem, width: number): LayerProblem | { obstacle: string } {
  const whole = Math.floor(problem.seqLenQ / width);
  if (whole > mostChunks) return { obstacle: `chunks of ${width} are too many at this length` };
  const rest = problem.seqLenQ % width;
  const packed = [...Array.from({ length: whole }, () => width), ...(rest > 0 ? [rest] : [])];
  return checked({ ...problem, batch: 1, packed }, problem.batch, false);
}

/** Wider heads than the kernels have still have a cost; everything else must be a problem as any other. */
const widestHead = 4096;

function checked(
  problem: Problem,
  times: number,
  valuesInKeys: boolean,
): LayerProblem | { obstacle: string } {
  const { headDim, headDimV } = problem;
  const narrow = {
    ...problem,
    headDim: Math.min(headDim, maxHeadDim),
    headDimV: Math.min(headDimV, maxHeadDim),
  };
  const shape = checkShape(narrow);
  if (!shape.ok) return { obstacle: shape.error };
  if (Math.max(headDim, headDimV) > widestHead) return { obstacle: `heads are at most ${widestHead} wide` };
  return { problem, times, valuesInKeys, runnable: Math.max(headDim, headDimV) <= maxHeadDim };
}

/** Names that configurations have for the types that kernels store. */
const dtypes: Readonly<Record<string, Dtype>> = {
  float32: 'f32',
  float: 'f32',
  fp32: 'f32',
  f32: 'f32',
  float16: 'f16',
  half: 'f16',
  fp16: 'f16',
  f16: 'f16',
  bfloat16: 'bf16',
  bf16: 'bf16',
};

/** The storage type of a tower, and whether it had to be assumed: bf16, or f16 for the cache of a GGUF file. */
export function storageType(
  { dtype }: Pick<Tower, 'dtype'>,
  format: string,
): { dtype: Dtype; assumed: string | null } {
  const name = dtype?.value.replace(/^torch\./, '').toLowerCase() ?? '';
  if (Object.hasOwn(dtypes, name)) return { dtype: dtypes[name]!, assumed: null };
  const taken = format === 'gguf' ? 'f16' : 'bf16';
  return { dtype: taken, assumed: dtype ? `${dtype.value} taken as ${taken}` : `${taken} assumed` };
}
