import { decodingPlan } from '../decoding.ts';
import type { PlanBuilder } from '../plan.ts';

/** K and V in order. */
export const plan: PlanBuilder = (problem, tiling, limits) =>
  decodingPlan('flash-decoding', problem, tiling, limits, false);
