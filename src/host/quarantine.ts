import { createHash } from 'node:crypto';
import { problemId } from '../attention/problem.ts';
import type { MeasureRequest } from '../gpu/measurement.ts';
import type { AnyPlan } from '../plans/plan.ts';
import type { PlanName } from './errors.ts';

/**
 * Identifies a plan by what the driver sees of it: kernels, problem, tiling and adapter; of a user's kernel
 * its buffers and its dispatch. A repaired kernel, another tiling or a smaller dispatch is another plan.
 */
export function planKey({ plan, modules }: MeasureRequest<AnyPlan>, adapter: string): string {
  const hashes = modules.map((module) => module.hash).sort();
  const identity = [adapter, plan.algorithm, ...work(plan), hashes];
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex');
}

function work(plan: AnyPlan): unknown[] {
  if (!plan.problem) return [plan.buffers, plan.dispatches];
  const { br, bc, dc, splits, headsPerSlice } = plan.tiling;
  return [plan.pass, problemId(plan.problem), [br, bc, dc, splits, headsPerSlice]];
}

export function planName({ plan }: MeasureRequest<AnyPlan>): PlanName {
  const { algorithm } = plan;
  if (plan.problem) return { algorithm, pass: plan.pass, problem: problemId(plan.problem) };
  const [first] = plan.dispatches;
  return { algorithm, pass: first!.entryPoint, problem: `${first!.grid.join(' x ')} workgroups` };
}

/**
 * Plans that are not run again. One hang or crash is enough. A process that was killed from outside, or a
 * device that was lost, says little about the plan (a user ends the process; a laptop docks), but may be its
 * doing (the kernel kills whoever ate the memory; a watchdog resets a GPU): the second time counts.
 */
export class Quarantine {
  readonly #reasons = new Map<string, string>();
  readonly #suspects = new Set<string>();

  /** Why this plan is not run, or null. */
  reasonFor(key: string): string | null {
    return this.#reasons.get(key) ?? null;
  }

  /** Returns whether the plan is quarantined from now on. */
  add(key: string, cause: 'hang' | 'crash' | 'killed' | 'lost', reason: string): boolean {
    const proven = cause === 'hang' || cause === 'crash' || this.#suspects.has(key);
    if (proven) this.#reasons.set(key, reason);
    else this.#suspects.add(key);
    return proven;
  }

  /** The plan ran: what it was suspected of was not its doing. */
  clearSuspicion(key: string): void {
    this.#suspects.delete(key);
  }

  clear(): void {
    this.#reasons.clear();
    this.#suspects.clear();
  }
}
