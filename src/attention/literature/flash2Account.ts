import { type AccountProblem, account, accountUnits, stage, type TrafficAccount } from './account.ts';
import { keysPerRowBlocks, rowsPerKeyBlocks } from './causalSums.ts';

export interface Flash2ForwardRule {
  /** Br: query rows of a block. */
  br: number;
  /**
   * Share of the repeated reads that the L2 cache does not serve, 0 to 1: 0 where K and V of the heads in
   * flight fit it, 1 without a cache. A choice of the model; no published figure settles it.
   */
  missRatio: number;
}

export interface Flash2BackwardRule {
  /** Bc: keys of a block. */
  bc: number;
  missRatio: number;
}

/** A share of bytes, to the nearest byte. */
function scaled(bytes: bigint, ratio: number): bigint {
  if (!(ratio >= 0 && ratio <= 1)) throw new RangeError(`a miss ratio is from 0 to 1, not ${ratio}`);
  const steps = 2n ** 52n;
  return (bytes * BigInt(Math.round(ratio * 2 ** 52)) + steps / 2n) / steps;
}

/** What is read at all, plus the share of what is read again. */
const cached = (once: bigint, all: bigint, ratio: number) =>
  once + scaled(all > once ? all - once : 0n, ratio);

/**
 * Bytes of FlashAttention-2, forward (arXiv 2307.08691, Algorithm 1). Q read and O written once, the
 * log-sum-exp written (f32 per row), K and V read by each of Tr = ceil(N / Br) blocks of rows of every query
 * head: 2u + 2u (1 + (Tr - 1) missRatio) + B H N 4. A causal mask leaves out the keys beyond a block's last
 * row.
 */
export function flash2ForwardTraffic(
  problem: AccountProblem,
  { br, missRatio }: Flash2ForwardRule,
): TrafficAccount {
  const { q, k, v, o, rowStatistic } = accountUnits(problem);
  const group = BigInt(problem.heads / problem.kvHeads);
  const walked = (k + v) * group * keysPerRowBlocks(problem, br);
  const keys = cached(k + v, walked / BigInt(problem.seqLenKv), missRatio);
  return account('modelled', [
    stage('queries', q, 0n),
    stage('keys', keys, 0n),
    stage('output', 0n, o + rowStatistic),
  ]);
}

/**
 * Bytes of FlashAttention-2, backward (the released kernels). Before: O and dO read for D, the f32 sums of dQ
 * zeroed. Then K, V read and dK, dV written once; Q, dO, the log-sum-exp and D read, and the sums of dQ read
 * and written, once for each of Tc = ceil(M / Bc) blocks of keys as far as the cache does not hold them.
 * After: the sums read, dQ written. For two-byte elements 15u and three row statistics (D twice, the log-sum-exp) at missRatio 0. With
 * fewer K/V heads than heads, dK and dV of every query head pass through memory and are summed.
 */
export function flash2BackwardTraffic(
  problem: AccountProblem,
  { bc, missRatio }: Flash2BackwardRule,
): TrafficAccount {
  const { q, k, v, o, rowStatistic } = accountUnits(problem);
  const { visits, rows } = rowsPerKeyBlocks(problem, bc);
  const group = BigInt(problem.heads / problem.kvHeads);
  const sums = rowStatistic * BigInt(problem.headDim);
  const perVisit = (bytes: bigint) => (bytes * visits) / rows;
  const again = (bytes: bigint) => cached(bytes, perVisit(bytes), missRatio);
  const gradients = (k + v) * group;
  return account('modelled', [
    stage('prepare', 2n * o, sums + rowStatistic),
    stage('keys', cached(k + v, gradients, missRatio), gradients),
    stage('queries', again(q + o + 2n * rowStatistic), 0n),
    stage('query gradients', scaled(perVisit(sums), missRatio), again(sums)),
    stage('finish', sums, q),
    ...(group > 1n ? [stage('sum of groups', gradients, k + v)] : []),
  ]);
}
