import { band } from '../mask.ts';
import type { Problem } from '../problem.ts';

/** Operations that a problem has work for: without a mask, or without dropout, there is no such stage. */
export function eagerHas(problem: Problem): { mask: boolean; dropout: boolean } {
  const { left, right } = band(problem);
  const masked = left !== null || right !== null || problem.lengths !== null || problem.packed !== null;
  return { mask: masked, dropout: problem.dropout !== null && problem.dropout > 0 };
}

/** The same problem without a mask: every operation but `mask` works on whole matrices. */
export const unmasked = (problem: Problem): Problem => ({
  ...problem,
  causal: false,
  window: null,
  lengths: null,
  packed: null,
});
