import { visibleKeys } from '../attention/mask.ts';
import type { Problem } from '../attention/problem.ts';
import { breathe } from './cancellation.ts';
import type { InputReader } from './inputs.ts';

/** The log-sum-exp of a row that sees no key; its output is 0. The lowest finite f32, not minus infinity. */
export const emptyRowLse = -3.4028234663852886e38;

export interface ReferenceRows {
  /** rows.length x headDimV. */
  o: Float64Array;
  /** Natural log-sum-exp of the scaled scores, one for each row. */
  lse: Float64Array;
}

export interface ReferenceOptions {
  signal?: AbortSignal | undefined;
  /** Called now and then with the share done, 0 to 1. */
  onProgress?: (fraction: number) => void;
}

/** About 20 ms of work between two looks at the event loop. */
const operationsBetweenBreaths = 2e7;

/**
 * Attention in float64 for some rows: softmax(Q K^T / sqrt(headDim)) V with the problem's mask, safe
 * softmax over the whole row (FlashAttention, Algorithm 0). `rows` are indices into batch x heads x
 * seqLenQ, ascending, so that K and V of a head are read once. Throws `AbortError` when cancelled.
 */
export async function referenceRows(
  problem: Problem,
  rows: readonly number[],
  read: InputReader,
  { signal, onProgress }: ReferenceOptions = {},
): Promise<ReferenceRows> {
  const { heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV } = problem;
  const o = new Float64Array(rows.length * headDimV);
  const lse = new Float64Array(rows.length);
  const scores = new Float64Array(seqLenKv);
  let operations = 0;
  for (const [index, row] of rows.entries()) {
    const head = Math.floor(row / seqLenQ);
    const kvHead = Math.floor(head / heads) * kvHeads + Math.floor((head % heads) / (heads / kvHeads));
    const keys = visibleKeys(problem, row % seqLenQ);
    const q = read('q', row * headDim, headDim);
    const k = read('k', kvHead * seqLenKv * headDim, seqLenKv * headDim);
    const v = read('v', kvHead * seqLenKv * headDimV, seqLenKv * headDimV);
    lse[index] = attendRow(
      q,
      k,
      v,
      scores.subarray(0, keys),
      o.subarray(index * headDimV, (index + 1) * headDimV),
    );
    operations += keys * (headDim + headDimV) + headDim;
    if (operations >= operationsBetweenBreaths) {
      operations = 0;
      onProgress?.((index + 1) / rows.length);
      await breathe(signal);
    }
  }
  return { o, lse };
}

/** One row: as many keys as `scores` is long. Writes the output row, returns the log-sum-exp. */
function attendRow(
  q: Float32Array,
  k: Float32Array,
  v: Float32Array,
  scores: Float64Array,
  out: Float64Array,
): number {
  const keys = scores.length;
  if (keys === 0) return emptyRowLse;
  const scale = 1 / Math.sqrt(q.length);
  let max = -Infinity;
  for (let key = 0, at = 0; key < keys; key++) {
    let dot = 0;
    for (let c = 0; c < q.length; c++, at++) dot += q[c]! * k[at]!;
    scores[key] = dot * scale;
    if (scores[key]! > max) max = scores[key]!;
  }
  let total = 0;
  for (let key = 0, at = 0; key < keys; key++) {
    const weight = Math.exp(scores[key]! - max);
    total += weight;
    for (let c = 0; c < out.length; c++, at++) out[c]! += weight * v[at]!;
  }
  for (let c = 0; c < out.length; c++) out[c]! /= total;
  return max + Math.log(total);
}
