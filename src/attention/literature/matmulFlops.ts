import type { Pass } from '../problem.ts';
import type { AccountProblem } from './account.ts';

/**
 * Floating point operations of the matrix products alone, two for each multiply-add, masks left out of
 * account. Forward: S and O, 2 (d + dv) for each query-key pair. Backward: dV, dP, dQ and dK,
 * 2 (2 d + 2 dv); flash computes S again, 2 (3 d + 2 dv). For Figure 2 of FlashAttention (batch 64, 16 heads,
 * N 1024, d 64) both passes come to 825 and 962 GFLOP; its author gives 825 and 963 (flash-attention, issue
 * 741).
 */
export function matmulFlops(problem: AccountProblem, algorithm: 'standard' | 'flash', pass: Pass): bigint {
  const { batch, heads, seqLenQ, seqLenKv, headDim, headDimV } = problem;
  const pairs = BigInt(batch) * BigInt(heads) * BigInt(seqLenQ) * BigInt(seqLenKv);
  if (pass === 'forward') return 2n * pairs * BigInt(headDim + headDimV);
  const recomputed = algorithm === 'flash' ? headDim : 0;
  return 2n * pairs * BigInt(2 * headDim + 2 * headDimV + recomputed);
}
