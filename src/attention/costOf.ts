import { algorithmPass, type CatalogueRow, chooseTiling } from './catalogue.ts';
import type { Cost } from './cost/cost.ts';
import type { DeviceLimits } from './limits.ts';
import type { Pass, Problem } from './problem.ts';
import type { Result } from './shape.ts';
import { unsupported } from './support.ts';
import type { RequestedTiling, Tiling } from './tiling.ts';

export interface TiledCost {
  tiling: Tiling;
  cost: Cost;
}

/**
 * Exact traffic, FLOPs, memory, tiles and work of an algorithm for a problem, with the tiling that it chooses
 * under `limits`. Closed forms, in microseconds; equal to what the device counts. The error is one line: what the
 * algorithm does not compute, or a tile that no device of these limits holds. Whether the plan fits the device's
 * bindings is another question: `tiling.headsPerSlice` is 0 where not even one head does.
 */
export function costOf(
  row: CatalogueRow,
  problem: Problem,
  limits: DeviceLimits,
  { pass = 'forward', tiling: requested = {} }: { pass?: Pass; tiling?: RequestedTiling } = {},
): Result<TiledCost> {
  const refusal = unsupported(row, problem, pass);
  if (refusal !== null) return { ok: false, error: refusal };
  const tiling = chooseTiling(row, problem, limits, requested, pass);
  if (!tiling.ok) return tiling;
  const cost = algorithmPass(row, pass).cost(problem, tiling.value);
  return { ok: true, value: { tiling: tiling.value, cost } };
}
