import type { Pass } from '../problem.ts';
import { type AccountProblem, account, accountUnits, stage, type TrafficAccount } from './account.ts';

/**
 * Compulsory traffic, bytes: forward Q, K, V, O (4u), backward Q, K, V, dO, dQ, dK, dV (7u). What
 * flash-attention's own benchmarks divide by time for their bandwidth column (flash_attn/cute/bench_utils.py).
 * Masks are left out of account; `boundTraffic` takes them in.
 */
export function compulsoryTraffic(problem: AccountProblem, pass: Pass): TrafficAccount<'bound'> {
  const { q, k, v, o } = accountUnits({ ...problem, causal: false });
  const inputs = q + k + v;
  return account('bound', [
    pass === 'forward' ? stage('attention', inputs, o) : stage('gradients', inputs + o, inputs),
  ]);
}
