import { causalOffset } from '../attention/mask.ts';
import type { Problem } from '../attention/problem.ts';

/** Offsets of a slice's first head within its bindings, in elements of the bound arrays. */
export interface SliceBases {
  headStart: number;
  q: number;
  k: number;
  v: number;
  o: number;
  lse: number;
}

/** Word of `group_offset` in the parameter block. */
export const groupOffsetWord = 0;

/** The `Params` block of kernels/common/problem.wesl as 32-bit words. Scale is 1 / sqrt(headDim). */
export function problemParams(problem: Problem, bases: SliceBases): number[] {
  const f32Word = new Uint32Array(new Float32Array([1 / Math.sqrt(problem.headDim)]).buffer)[0]!;
  return [
    ...[0, 0, 0],
    problem.heads,
    problem.kvHeads,
    problem.seqLenQ,
    problem.seqLenKv,
    problem.causal ? 1 : 0,
    causalOffset(problem) >>> 0,
    f32Word,
    bases.headStart,
    bases.q,
    bases.k,
    bases.v,
    bases.o,
    bases.lse,
  ];
}
