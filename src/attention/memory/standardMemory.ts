import { type AccountProblem, accountUnits } from '../literature/account.ts';
import { type MemoryAccount, memoryAccount } from './account.ts';

/**
 * Peak memory of standard attention in a framework, inference, bytes: 4u + 2A (Q, K, V, O, and S and P at
 * once; A is one N x M matrix in the storage type), 4u + A where the softmax works in place.
 */
export function standardInferenceMemory(
  problem: AccountProblem,
  { softmaxInPlace }: { softmaxInPlace: boolean },
): MemoryAccount {
  const { q, k, v, o, matrix } = accountUnits(problem);
  return memoryAccount([
    ['q', q],
    ['k', k],
    ['v', v],
    ['o', o],
    ['scores', matrix],
    ...(softmaxInPlace ? [] : [['probabilities', matrix] as const]),
  ]);
}

/**
 * Peak memory of standard attention in a framework, one forward and backward pass, bytes: 4A + 10u. Fitted to
 * the PyTorch and Megatron rows of FlashAttention's Table 21 (arXiv 2205.14135), which it gives to the MiB; what
 * its parts are is an interpretation: in the softmax's backward P, dP and dS live together, beside one matrix
 * more that the reference keeps; Q, K, V, their gradients, contiguous copies of Q, K, V, and O. The paper finds
 * the same with dropout and masks. For fewer K/V heads than heads the copies are as wide as Q's.
 */
export function standardTrainingMemory(problem: AccountProblem): MemoryAccount {
  const { q, k, v, o, matrix } = accountUnits(problem);
  const group = BigInt(problem.heads / problem.kvHeads);
  return memoryAccount([
    ['q, k, v', q + k + v],
    ['dq, dk, dv', q + k + v],
    ['contiguous copies of q, k, v', q + (k + v) * group],
    ['o', o],
    ['probabilities', matrix],
    ['gradient of the probabilities', matrix],
    ['gradient of the scores', matrix],
    ['one matrix kept besides', matrix],
  ]);
}

/**
 * What standard attention keeps from the forward for the backward pass, bytes: Q, K, V (3u) and P (A). With
 * dropout also its mask, one byte per element, and what it left of P: 2.5A for two-byte elements, the
 * 5 a s^2 b bytes of Korthikanti et al. 2022 (arXiv 2205.05198), section 4.1. A mask in place keeps nothing.
 */
export function standardSavedForBackward(
  problem: AccountProblem,
  { dropout }: { dropout: boolean },
): MemoryAccount {
  const { q, k, v, matrix, byteMatrix } = accountUnits(problem);
  const dropped = [
    ['dropout mask', byteMatrix],
    ['probabilities after dropout', matrix],
  ] as const;
  return memoryAccount([
    ['q', q],
    ['k', k],
    ['v', v],
    ['probabilities', matrix],
    ...(dropout ? dropped : []),
  ]);
}
