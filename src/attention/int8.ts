import type { Problem } from './problem.ts';
import { rowLayout } from './storage.ts';
import type { Tiling } from './tiling.ts';

/** Rows of Q, K or V that share a scale. */
export const rowsPerScale = 8;

/** Keys whose codes of one column of V share a word. */
export const keysPerWord = 4;

/** Words of a row of Q and K: four codes each; rotated rows are padded to a power of two first. */
export function int8Words({ headDim }: Pick<Problem, 'headDim'>, rotated: boolean): number {
  return rotated ? Math.max(4, 2 ** Math.ceil(Math.log2(headDim))) / 4 : Math.ceil(headDim / 4);
}

/** Where the scales of each tensor begin in their common buffer, for a slice of heads; and their number. */
export interface ScalePlaces {
  q: number;
  k: number;
  v: number;
  count: number;
}

export function scalePlaces(problem: Problem, { headsPerSlice }: Pick<Tiling, 'headsPerSlice'>): ScalePlaces {
  const heads = Math.max(1, headsPerSlice);
  const kvHeads = Math.ceil(heads / (problem.heads / problem.kvHeads));
  const k = heads * Math.ceil(problem.seqLenQ / rowsPerScale);
  const v = k + kvHeads * Math.ceil(problem.seqLenKv / rowsPerScale);
  return { q: 0, k, v, count: v + (v - k) };
}

/** Bytes of the codes of one head. */
export function int8Bytes(problem: Problem, rotated: boolean): Record<'q8' | 'k8' | 'v8', number> {
  const row = 4 * int8Words(problem, rotated);
  return {
    q8: problem.seqLenQ * row,
    k8: problem.seqLenKv * row,
    v8: Math.ceil(problem.seqLenKv / keysPerWord) * rowLayout('f32', problem.headDimV).bytes,
  };
}
