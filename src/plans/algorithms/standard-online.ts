import type { PlanBuilder } from '../plan.ts';
import { standardBackwardBuilder } from '../standardBackward.ts';
import { standardForwardBuilder } from '../standardForward.ts';

const softmax = 'standard-online/softmax';
const forward = standardForwardBuilder('standard-online', softmax);
const backward = standardBackwardBuilder('standard-online', { source: softmax });

/** Standard attention with the online softmax; its backward pass takes P from that. */
export const plan: PlanBuilder = (problem, tiling, limits, pass) =>
  (pass === 'forward' ? forward : backward)(problem, tiling, limits, pass);
