import { bytesPerElement, type Problem } from '../problem.ts';
import type { Provenance } from '../provenance.ts';

/** What an account needs to know of a problem; every `Problem` is one. */
export type AccountProblem = Pick<
  Problem,
  'batch' | 'heads' | 'kvHeads' | 'seqLenQ' | 'seqLenKv' | 'headDim' | 'headDimV' | 'dtype' | 'causal'
>;

/** Bytes that one step of an algorithm moves between device memory and the chip. */
export interface AccountStage {
  stage: string;
  readBytes: bigint;
  writeBytes: bigint;
}

/**
 * Traffic as a paper counts it, in bytes, by step and in total. Not our kernels' traffic (that is
 * `Cost.traffic`): what the paper's rule says of the problem, so `modelled`; `bound` where nothing moves less.
 */
export interface TrafficAccount<P extends Provenance = 'modelled'> {
  provenance: P;
  bytes: bigint;
  stages: AccountStage[];
}

/**
 * The quantities that accounts are written in, bytes. A paper's u is one N x d tensor of the whole batch,
 * batch heads N d s bytes for s bytes per element; here it is told apart by tensor, and K and V have
 * `kvHeads` heads. A is one N x M matrix of the whole batch, batch heads seqLenQ seqLenKv s bytes.
 */
export interface AccountUnits {
  /** Q and dQ. */
  q: bigint;
  /** K and dK. */
  k: bigint;
  /** V and dV. */
  v: bigint;
  /** O and dO. */
  o: bigint;
  /** A: one matrix in the storage type. */
  matrix: bigint;
  /** One byte for each element of such a matrix: what a framework keeps as its dropout mask. */
  byteMatrix: bigint;
  /** One f32 for each query row of every head: m, l, the log-sum-exp or D. */
  rowStatistic: bigint;
}

/** The units u, one tensor, and A, one N x M matrix, of all heads of a problem in bytes, in which papers count. */
export function accountUnits(problem: AccountProblem): AccountUnits {
  const { batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV, dtype } = problem;
  const bytes = BigInt(bytesPerElement(dtype));
  const queries = BigInt(batch) * BigInt(heads) * BigInt(seqLenQ);
  const keys = BigInt(batch) * BigInt(kvHeads) * BigInt(seqLenKv);
  const byteMatrix = queries * BigInt(seqLenKv);
  return {
    q: queries * BigInt(headDim) * bytes,
    k: keys * BigInt(headDim) * bytes,
    v: keys * BigInt(headDimV) * bytes,
    o: queries * BigInt(headDimV) * bytes,
    matrix: byteMatrix * bytes,
    byteMatrix,
    rowStatistic: queries * 4n,
  };
}

export const stage = (name: string, readBytes: bigint, writeBytes: bigint): AccountStage => ({
  stage: name,
  readBytes,
  writeBytes,
});

/** Sums the steps. */
export function account<P extends Provenance>(provenance: P, stages: AccountStage[]): TrafficAccount<P> {
  const bytes = stages.reduce((sum, { readBytes, writeBytes }) => sum + readBytes + writeBytes, 0n);
  return { provenance, bytes, stages };
}
