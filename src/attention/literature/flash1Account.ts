import { type AccountProblem, account, accountUnits, stage, type TrafficAccount } from './account.ts';
import { rowsPerKeyBlocks } from './causalSums.ts';

export interface Flash1Rule {
  /** Bc: keys of a block. The released kernel has 256 for head dims up to 64, and 128 for 128. */
  bc: number;
  /**
   * `figure`: as Figure 2 counts and the released kernel moves, what the first block of keys need not read (O,
   * dQ) is not read, and O is read once for D. `literal`: every line of Algorithms 1 and 4, which read O and
   * dQ at each block; the zeros that they begin with are not counted.
   */
  count: 'figure' | 'literal';
  /** Count m, l and D, f32 per row, which the paper's figure leaves out. */
  statistics: boolean;
}

/** Bytes of `perRow` for each of `rows` of the query rows that `whole` bytes hold. */
const share = (whole: bigint, rows: bigint, all: bigint) => (whole * rows) / all;

/**
 * Bytes of FlashAttention, forward (arXiv 2205.14135, Algorithm 1; Figure 2 middle). With Tc = ceil(M / Bc)
 * blocks of keys: K and V read once, Q read and O written Tc times, O read Tc - 1 times, (3 Tc + 1) u. Literal:
 * O read Tc times, (3 Tc + 2) u. Causal: a block is visited by the rows that see any of it, which for Bc
 * dividing N makes Q and O (Tc + 1) / 2 visits: 8.5u in place of 13u for Tc = 4. (The paper's Figure 2 does not
 * take that off.) The paper has as many K/V heads as heads; fewer are read once each, here and backward.
 */
export function flash1ForwardTraffic(problem: AccountProblem, rule: Flash1Rule): TrafficAccount {
  const { q, k, v, o, rowStatistic } = accountUnits(problem);
  const { visits, seeing, rows } = rowsPerKeyBlocks(problem, rule.bc);
  const reads = rule.count === 'literal' ? visits : visits - seeing;
  const statistics = (count: bigint) => (rule.statistics ? 2n * share(rowStatistic, count, rows) : 0n);
  return account('modelled', [
    stage('keys', k + v, 0n),
    stage('queries', share(q, visits, rows), 0n),
    stage('output', share(o, reads, rows), share(o, visits, rows)),
    ...(rule.statistics ? [stage('statistics', statistics(reads), statistics(visits))] : []),
  ]);
}

/**
 * Bytes of FlashAttention, backward (Algorithm 4). K, V read and dK, dV written once, Q and dO read and dQ
 * written Tc times, dQ read Tc - 1 times, O read once for D: (4 Tc + 4) u. Literal: dQ and O read Tc times,
 * (5 Tc + 4) u. Causal as in the forward pass: 14u in place of 20u for Tc = 4. Statistics: m and l read at
 * every visit; D kept from the first, read at later ones (literal: computed each time).
 */
export function flash1BackwardTraffic(problem: AccountProblem, rule: Flash1Rule): TrafficAccount {
  const { q, k, v, o, rowStatistic } = accountUnits(problem);
  const { visits, seeing, rows } = rowsPerKeyBlocks(problem, rule.bc);
  const literal = rule.count === 'literal';
  const later = visits - seeing;
  const of = (whole: bigint, count: bigint) => share(whole, count, rows);
  const kept = literal ? 0n : of(rowStatistic, later);
  return account('modelled', [
    stage('keys', k + v, k + v),
    stage('queries', of(q, visits) + of(o, visits), 0n),
    stage('output', of(o, literal ? visits : seeing), 0n),
    stage('query gradients', of(q, literal ? visits : later), of(q, visits)),
    ...(rule.statistics
      ? [stage('statistics', 2n * of(rowStatistic, visits) + kept, literal ? 0n : of(rowStatistic, seeing))]
      : []),
  ]);
}
