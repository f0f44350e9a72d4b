import {
  flash1BackwardStages,
  flash1Stages,
  flash1StatisticsSize,
  flash1StatisticsWidth,
} from '../../attention/cost/flash1.ts';
import type { DeviceLimits } from '../../attention/limits.ts';
import type { Pass, Problem } from '../../attention/problem.ts';
import type { Tiling } from '../../attention/tiling.ts';
import { vec4s } from '../../attention/workgroupMemory.ts';
import {
  computedBuffer,
  forwardInputs,
  type HeadSlice,
  headSlices,
  inputBuffer,
  optionBuffers,
  outputBuffer,
  sliceDispatch,
} from '../layout.ts';
import { problemModule } from '../modules.ts';
import type { Plan, PlanBuffer, PlanBuilder, PlanDispatch, PlanModule } from '../plan.ts';
import { unplannable } from '../unplannable.ts';

/** One dispatch per slice of heads, one workgroup per head (backward: per K/V head). */
export const plan: PlanBuilder = (problem, tiling, limits, pass) => {
  const reason = unplannable(
    'flash1',
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

/** m and l of every query row, and D where the pass is backward. */
function statisticsBuffer(problem: Problem, pass: Pass): PlanBuffer {
  return {
    ...flash1StatisticsSize(problem, pass),
    elements: { dtype: 'f32', width: flash1StatisticsWidth[pass] },
    role: 'scratch',
    fill: { kind: 'poison' },
  };
}

function forwardPlan(problem: Problem, tiling: Tiling, limits: DeviceLimits): Plan {
  const module = forwardModule(problem, tiling, 'forward');
  return {
    algorithm: 'flash1',
    pass: 'forward',
    problem,
    tiling,
    buffers: [...forwardInputs(problem), outputBuffer(problem, 'o'), statisticsBuffer(problem, 'forward')],
    modules: [module],
    prologue: [],
    dispatches: headSlices(problem, tiling).map((slice) =>
      forwardDispatch(problem, slice, limits, module, 'forward'),
    ),
    stages: [...flash1Stages],
  };
}

/** The forward kernel; `pass` decides how wide the rows of statistics are. */
function forwardModule(problem: Problem, tiling: Tiling, pass: Pass): PlanModule {
  return problemModule(problem, tiling, {
    id: 'forward',
    source: 'flash1/forward',
    tensors: [
      { name: 'q', binding: 2, access: 'read' },
      { name: 'k', binding: 3, access: 'read' },
      { name: 'v', binding: 4, access: 'read' },
      { name: 'o', binding: 5, access: 'read_write' },
    ],
    constants: { ROW_STRIDE: vec4s(problem.headDim), STATISTICS_WIDTH: flash1StatisticsWidth[pass] },
  });
}

function forwardDispatch(
  problem: Problem,
  slice: HeadSlice,
  limits: DeviceLimits,
  module: PlanModule,
  pass: Pass,
): PlanDispatch {
  return sliceDispatch(problem, slice, limits, {
    stage: flash1Stages[0],
    module,
    grid: [1, slice.heads, 1],
    statistics: [{ name: 'statistics', binding: 6 }],
    statisticsWidth: flash1StatisticsWidth[pass],
    uses: ['mask', 'scores', 'sinks'],
  });
}

function backwardPlan(problem: Problem, tiling: Tiling, limits: DeviceLimits): Plan {
  const [stage] = flash1BackwardStages;
  const forward = forwardModule(problem, tiling, 'backward');
  const module = problemModule(problem, tiling, {
    id: stage,
    source: 'flash1/backward',
    tensors: [
      { name: 'q', binding: 2, access: 'read' },
      { name: 'k', binding: 3, access: 'read' },
      { name: 'v', binding: 4, access: 'read' },
      { name: 'o', binding: 5, access: 'read' },
      { name: 'dout', binding: 6, access: 'read' },
      { name: 'dq', binding: 7, access: 'read_write' },
      { name: 'dk', binding: 8, access: 'write' },
      { name: 'dv', binding: 9, access: 'write' },
    ],
    constants: {
      ROW_STRIDE: vec4s(problem.headDim) + vec4s(problem.headDimV),
      STATISTICS_WIDTH: flash1StatisticsWidth.backward,
    },
  });
  const slices = headSlices(problem, tiling);
  const group = problem.heads / problem.kvHeads;
  return {
    algorithm: 'flash1',
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
      computedBuffer(statisticsBuffer(problem, 'backward')),
      outputBuffer(problem, 'dq'),
      outputBuffer(problem, 'dk'),
      outputBuffer(problem, 'dv'),
    ],
    modules: [forward, module],
    prologue: slices.map((slice) => forwardDispatch(problem, slice, limits, forward, 'backward')),
    dispatches: slices.map((slice) =>
      sliceDispatch(problem, slice, limits, {
        stage,
        module,
        grid: [1, slice.heads / group, 1],
        statistics: [{ name: 'statistics', binding: 10 }],
        statisticsWidth: flash1StatisticsWidth.backward,
        uses: ['mask', 'scores'],
      }),
    ),
    stages: [...flash1BackwardStages],
  };
}
