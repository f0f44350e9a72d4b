import { type AccountProblem, accountUnits } from '../literature/account.ts';
import { type MemoryAccount, memoryAccount } from './account.ts';

/** The released packages: 1 (2022), 2 (2023), 3 (2024). */
export type FlashGeneration = 1 | 2 | 3;

/** Keys that FlashAttention's first kernels take at a time; longer sequences need sums in f32. */
export function flash1KeysAtATime({ headDim }: Pick<AccountProblem, 'headDim'>): number {
  return headDim <= 64 ? 256 : 128;
}

/** Rows to which FlashAttention-2 and -3 pad their sums of dQ, the log-sum-exp and D. */
const paddedRows = 128;

/** Bytes of f32 sums of dQ or O, as wide as they are, before they are rounded to the storage type. */
function f32Sums(problem: AccountProblem, width: number, rows: number): bigint {
  return BigInt(problem.batch) * BigInt(problem.heads) * BigInt(rows) * BigInt(width) * 4n;
}

/** Bytes of f32 sums of dK and dV for every K/V head, rows padded. */
function keySums(problem: AccountProblem): bigint {
  const { kvHeads, seqLenKv, headDim, headDimV } = problem;
  return f32Sums({ ...problem, heads: kvHeads }, headDim + headDimV, blockOfRows(seqLenKv));
}

const blockOfRows = (seqLen: number) => Math.ceil(seqLen / paddedRows) * paddedRows;

/**
 * Peak memory of FlashAttention, inference, bytes. 4u and the log-sum-exp, f32 per row. FlashAttention 1 keeps
 * the running O in f32 where the keys take more than one step (2u for two-byte elements). Keys split among
 * workgroups (Flash-Decoding) leave partial outputs and log-sum-exps: splits B H (N d + N) 4.
 */
export function flashInferenceMemory(
  problem: AccountProblem,
  { generation, splits = 1 }: { generation: FlashGeneration; splits?: number },
): MemoryAccount {
  const { q, k, v, o, rowStatistic } = accountUnits(problem);
  const { seqLenQ, seqLenKv, headDimV } = problem;
  const running = generation === 1 && seqLenKv > flash1KeysAtATime(problem);
  const outputs = f32Sums(problem, headDimV, seqLenQ);
  return memoryAccount([
    ['q', q],
    ['k', k],
    ['v', v],
    ['o', o],
    ['log-sum-exp', rowStatistic],
    ...(running ? [['running output', outputs] as const] : []),
    ...(splits > 1 ? [['partial outputs', BigInt(splits) * (outputs + rowStatistic)] as const] : []),
  ]);
}

/**
 * Peak memory of FlashAttention, one forward and backward pass, bytes. Generation 1: 11u and two f32 per row, and
 * 2u more (sums of dQ in f32) where the keys take more than one step: 13u, which gives FlashAttention's row of
 * Table 21 (arXiv 2205.14135) to the MiB. Of the 13u, Q, K, V, O, dO, dQ, dK, dV are 8 and the sums 2; the
 * other 3 are most likely the gradients that the caller accumulates. Generations 2 and 3: the same with sums,
 * log-sum-exp and D padded to 128 rows, and the sums at any length. Where K/V heads are fewer, dK and dV of
 * every query head besides, in generation 3 f32 sums of dK and dV for every K/V head. Read from the released
 * code, checked against no published figure.
 */
export function flashTrainingMemory(
  problem: AccountProblem,
  { generation }: { generation: FlashGeneration },
): MemoryAccount {
  const { q, k, v, o, rowStatistic } = accountUnits(problem);
  const { seqLenQ, seqLenKv, headDim } = problem;
  const rows = generation === 1 ? seqLenQ : blockOfRows(seqLenQ);
  const summed = generation > 1 || seqLenKv > flash1KeysAtATime(problem);
  const statistic = (rowStatistic / BigInt(seqLenQ)) * BigInt(rows);
  const group = BigInt(problem.heads / problem.kvHeads);
  return memoryAccount([
    ['q, k, v', q + k + v],
    ['o', o],
    ['dout', o],
    ['dq, dk, dv', q + k + v],
    ['accumulated gradients of q, k, v', q + k + v],
    ...(summed ? [['sums of dq', f32Sums(problem, headDim, rows)] as const] : []),
    ...(group > 1n && generation < 3 ? [['dk, dv of every query head', (k + v) * group] as const] : []),
    ...(group > 1n && generation === 3 ? [['sums of dk, dv', keySums(problem)] as const] : []),
    ['log-sum-exp', statistic],
    ['row sums of dout and o', statistic],
  ]);
}

/**
 * What FlashAttention keeps from the forward for the backward pass, bytes: Q, K, V, O (4u) and the log-sum-exp, f32
 * per row; the seed of the dropout in place of its mask. FlashAttention's Algorithm 2 keeps m and l, two
 * per row (`statistics`: 2); all released code keeps one.
 */
export function flashSavedForBackward(
  problem: AccountProblem,
  { statistics = 1 }: { statistics?: 1 | 2 } = {},
): MemoryAccount {
  const { q, k, v, o, rowStatistic } = accountUnits(problem);
  return memoryAccount([
    ['q', q],
    ['k', k],
    ['v', v],
    ['o', o],
    [statistics === 1 ? 'log-sum-exp' : 'maxima and sums', BigInt(statistics) * rowStatistic],
  ]);
}
