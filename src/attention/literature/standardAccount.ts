import { type AccountProblem, account, accountUnits, stage, type TrafficAccount } from './account.ts';

/** What an unfused framework does beside Algorithm 0: each is a kernel of its own over whole matrices. */
export interface StandardForwardSteps {
  /** Adds a mask to the scores, in place (2 A); the mask itself is small beside them. */
  mask: boolean;
  /** Reads P, writes what is left of it and a mask of one byte per element (2.5 A for s = 2). */
  dropout: boolean;
  /** Scales the scores in place in a kernel of its own (2 A); off where the product scales. */
  separateScale: boolean;
}

export interface StandardBackwardSteps {
  /** Passes over the gradient matrix: 0 for an added mask, 2 for a fused fill, 4 for a clone and a fill. */
  maskPasses: 0 | 2 | 4;
  dropout: boolean;
  separateScale: boolean;
}

/**
 * Bytes of standard attention, forward: FlashAttention (arXiv 2205.14135) Algorithm 0 with the extra
 * operations of an unfused framework. (4 + 2 mask + 2.5 dropout + 2 separateScale) A + 4u for two-byte
 * elements: S written, masked, softmaxed, dropped, read for the product; Q, K, V read, O written. Masked-out
 * scores are computed and moved like others.
 */
export function standardForwardTraffic(problem: AccountProblem, steps: StandardForwardSteps): TrafficAccount {
  const { q, k, v, o, matrix, byteMatrix } = accountUnits(problem);
  return account('modelled', [
    stage('scores', q + k, matrix),
    ...(steps.separateScale ? [stage('scale', matrix, matrix)] : []),
    ...(steps.mask ? [stage('mask', matrix, matrix)] : []),
    stage('softmax', matrix, matrix),
    ...(steps.dropout ? [stage('dropout', matrix, matrix + byteMatrix)] : []),
    stage('output', matrix + v, o),
  ]);
}

/**
 * Bytes of standard attention, backward: Algorithm 3 with the same extra operations.
 * (7 + maskPasses + 2.5 dropout + 2 separateScale) A + 8u for two-byte elements: P and dO read for dV; dO
 * and V read, dP written; P and dP read, dS written; dS read for dQ and again for dK.
 */
export function standardBackwardTraffic(
  problem: AccountProblem,
  { maskPasses, dropout, separateScale }: StandardBackwardSteps,
): TrafficAccount {
  const { q, k, v, o, matrix, byteMatrix } = accountUnits(problem);
  const half = (matrix * BigInt(maskPasses)) / 2n;
  return account('modelled', [
    stage('dv', matrix + o, v),
    stage('dp', o + v, matrix),
    ...(dropout ? [stage('dropout', matrix + byteMatrix, matrix)] : []),
    stage('softmax', 2n * matrix, matrix),
    ...(maskPasses > 0 ? [stage('mask', half, half)] : []),
    ...(separateScale ? [stage('scale', matrix, matrix)] : []),
    stage('dq', matrix + k, q),
    stage('dk', matrix + q, k),
  ]);
}
