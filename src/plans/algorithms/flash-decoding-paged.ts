import { decodingPlan } from '../decoding.ts';
import type { PlanBuilder } from '../plan.ts';

/** K and V in pages. */
export const plan: PlanBuilder = (problem, tiling, limits) =>
  decodingPlan('flash-decoding-paged', problem, tiling, limits, true);
