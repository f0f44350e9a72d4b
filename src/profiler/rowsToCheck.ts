import type { Pass, Problem } from '../attention/problem.ts';

/** Multiply-adds that the float64 reference may take: about a second of one core. */
const referenceBudget = 5e8;

/** A gradient row takes the products of the forward pass, and as many again for dP and for dS times K. */
const passWork: Record<Pass, number> = { forward: 1, backward: 3 };

/** All rows of a small problem, else as many as the float64 reference can do in about a second. */
export function rowsToCheck(problem: Problem, pass: Pass): number | 'all' {
  const { batch, heads, seqLenQ, seqLenKv, headDim, headDimV } = problem;
  const affordable = Math.floor(referenceBudget / (passWork[pass] * seqLenKv * (headDim + headDimV)));
  return affordable >= batch * heads * seqLenQ ? 'all' : Math.max(64, affordable);
}
