import { type CatalogueRow, chooseTiling } from '../attention/catalogue.ts';
import type { DeviceLimits } from '../attention/limits.ts';
import type { Pass, Problem } from '../attention/problem.ts';
import { unsupported } from '../attention/support.ts';
import type { RequestedTiling } from '../attention/tiling.ts';
import { planBuilders } from './algorithms.generated.ts';
import type { Plan, PlanBuilder, PlanResult } from './plan.ts';

const builders: Readonly<Record<string, PlanBuilder>> = planBuilders;

/**
 * The plan of one pass of an algorithm for a problem on a device, or why there is none. Throws only for a
 * catalogue row without a plan file.
 */
export function planFor(
  row: CatalogueRow,
  pass: Pass,
  problem: Problem,
  limits: DeviceLimits,
  requested?: RequestedTiling | null,
): PlanResult {
  const build = builders[row.id];
  if (!build) throw new Error(`the catalogue lists ${row.id}, but src/plans/algorithms has no such file`);
  const refusal = unsupported(row, problem, pass);
  if (refusal) return { ok: false, reason: refusal };
  const tiling = chooseTiling(row, problem, limits, requested ?? {}, pass);
  if (!tiling.ok) return { ok: false, reason: tiling.error };
  const result = build(problem, tiling.value, limits, pass);
  const bindings = result.ok ? mostBindings(result.plan) : 0;
  if (bindings <= limits.maxStorageBuffersPerShaderStage) return result;
  return {
    ok: false,
    reason:
      `${row.id} ${pass} binds ${bindings} storage buffers at a time, the counters among them; this device ` +
      `allows ${limits.maxStorageBuffersPerShaderStage} (maxStorageBuffersPerShaderStage)`,
  };
}

/** Storage buffers that the hungriest dispatch binds, with the counters of a counting run. */
function mostBindings({ buffers, dispatches }: Plan): number {
  const tables = new Set(buffers.filter(({ role }) => role === 'table').map(({ name }) => name));
  return (
    1 +
    Math.max(...dispatches.map((each) => each.bindings.filter(({ buffer }) => !tables.has(buffer)).length))
  );
}
