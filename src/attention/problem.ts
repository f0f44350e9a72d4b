import type { Shape } from './shape.ts';

/** Storage type of Q, K, V and O. Scores, softmax and sums are f32 always. */
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

/** A shape plus everything that decides what is computed. Options that are off are null. */
export interface Problem extends Shape {
  dtype: Dtype;
  causal: Causal;
  /** Seeds the inputs: the same seed gives the same Q, K and V, bit for bit, for every algorithm. */
  seed: number;
}

export function bytesPerElement(dtype: Dtype): number {
  return dtype === 'f32' ? 4 : 2;
}

/** A short, stable name: `b1 h8 kv8 n512 m512 d64 dv64 f32`, and the options that are on. */
export function problemId(problem: Problem): string {
  const { batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV, dtype, causal } = problem;
  const shape = `b${batch} h${heads} kv${kvHeads} n${seqLenQ} m${seqLenKv} d${headDim} dv${headDimV} ${dtype}`;
  return causal ? `${shape} causal ${causal}` : shape;
}
