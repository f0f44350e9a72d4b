import { flash2Stages } from '../../attention/cost/flash2.ts';
import { flash2BackwardStages } from '../../attention/cost/flash2Backward.ts';
import type { DeviceLimits } from '../../attention/limits.ts';
import type { Problem } from '../../attention/problem.ts';
import type { Tiling } from '../../attention/tiling.ts';
import { vec4s } from '../../attention/workgroupMemory.ts';
import { gradientDispatches, gradientModules } from '../flashGradients.ts';
import {
  computedBuffer,
  forwardInputs,
  type HeadSlice,
  headSlices,
  inputBuffer,
  optionBuffers,
  outputBuffer,
  rowStatisticBuffer,
  sliceDispatch,
} from '../layout.ts';
import { problemModule } from '../modules.ts';
import type { Plan, PlanBuilder, PlanDispatch, PlanModule } from '../plan.ts';
import { deltaDispatch, deltaModule } from '../rowKernels.ts';
import { unplannable } from '../unplannable.ts';

/** Forward: one fused dispatch per slice of heads. Backward: the row dot, dQ, and dK with dV. */
export const plan: PlanBuilder = (problem, tiling, limits, pass) => {
  const reason = unplannable(
    'flash2',
    problem,
    tiling,
    limits,
    null,
    pass === 'forward' ? undefined : ['q', 'k', 'v', 'o', 'dout', 'dq', 'dk', 'dv'],
  );
  if (reason) return { ok: false, reason };
  const build = pass === 'forward' ? forwardPlan : backwardPlan;
  return { ok: true, plan: build(problem, tiling, limits) };
};

function forwardPlan(problem: Problem, tiling: Tiling, limits: DeviceLimits): Plan {
  const module = forwardModule(problem, tiling);
  return {
    algorithm: 'flash2',
    pass: 'forward',
    problem,
    tiling,
    buffers: [
      ...forwardInputs(problem),
      outputBuffer(problem, 'o'),
      rowStatisticBuffer(problem, 'lse', 'output'),
    ],
    modules: [module],
    prologue: [],
    dispatches: headSlices(problem, tiling).map((slice) =>
      forwardDispatch(problem, tiling, slice, limits, module),
    ),
    stages: [...flash2Stages],
  };
}

/** The forward kernel: O and the log-sum-exp. Backward passes of the flash family start from it. */
export function forwardModule(problem: Problem, tiling: Tiling): PlanModule {
  return problemModule(problem, tiling, {
    id: 'forward',
    source: 'flash2/forward',
    tensors: [
      { name: 'q', binding: 2, access: 'read' },
      { name: 'k', binding: 3, access: 'read' },
      { name: 'v', binding: 4, access: 'read' },
      { name: 'o', binding: 5, access: 'write' },
    ],
    rowTileVec4s: tiling.br * vec4s(problem.headDim),
    sumChunks: Math.ceil(problem.headDimV / tiling.dc),
  });
}

/** Grid: blocks of query rows, heads. */
export function forwardDispatch(
  problem: Problem,
  tiling: Tiling,
  slice: HeadSlice,
  limits: DeviceLimits,
  module: PlanModule,
): PlanDispatch {
  return sliceDispatch(problem, slice, limits, {
    stage: flash2Stages[0],
    module,
    grid: [Math.ceil(problem.seqLenQ / tiling.br), slice.heads, 1],
    statistics: [{ name: 'lse', binding: 6 }],
    uses: ['mask', 'scores', 'sinks'],
  });
}

function backwardPlan(problem: Problem, tiling: Tiling, limits: DeviceLimits): Plan {
  const forward = forwardModule(problem, tiling);
  const delta = deltaModule(problem, tiling);
  const gradients = gradientModules(problem, tiling);
  const slices = headSlices(problem, tiling);
  return {
    algorithm: 'flash2',
    pass: 'backward',
    problem,
    tiling,
    buffers: [
      inputBuffer(problem, 'q'),
      inputBuffer(problem, 'k'),
      inputBuffer(problem, 'v'),
      inputBuffer(problem, 'dout'),
      ...optionBuffers(problem),
      computedBuffer(outputBuffer(problem, 'o')),
      computedBuffer(rowStatisticBuffer(problem, 'lse', 'output')),
      outputBuffer(problem, 'dq'),
      outputBuffer(problem, 'dk'),
      outputBuffer(problem, 'dv'),
      rowStatisticBuffer(problem, 'delta', 'scratch'),
    ],
    modules: [forward, delta, gradients.dq, gradients.dkdv],
    prologue: slices.map((slice) => forwardDispatch(problem, tiling, slice, limits, forward)),
    dispatches: slices.flatMap((slice) => [
      deltaDispatch(problem, slice, limits, delta),
      ...gradientDispatches(problem, tiling, slice, limits, gradients),
    ]),
    stages: [...flash2BackwardStages],
  };
}
