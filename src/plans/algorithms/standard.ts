import type { PlanBuilder } from '../plan.ts';
import { standardBackwardBuilder } from '../standardBackward.ts';
import { standardForwardBuilder } from '../standardForward.ts';

const softmax = 'standard/softmax';
const forward = standardForwardBuilder('standard', softmax);
const backward = standardBackwardBuilder('standard', { source: softmax });

/** FlashAttention paper, Algorithms 0 and 3. */
export const plan: PlanBuilder = (problem, tiling, limits, pass) =>
  (pass === 'forward' ? forward : backward)(problem, tiling, limits, pass);
