import {
  type EagerBackwardStage,
  type EagerForwardStage,
  eagerBackwardStages,
  eagerForwardStages,
  eagerHas,
  eagerKept,
} from '../../attention/cost/eager.ts';
import { scoreBytes } from '../../attention/cost/standard.ts';
import type { DeviceLimits } from '../../attention/limits.ts';
import type { Problem } from '../../attention/problem.ts';
import type { Tiling } from '../../attention/tiling.ts';
import {
  type DispatchRequest,
  forwardInputs,
  type HeadSlice,
  headSlices,
  matrixBuffer,
  outputBuffer,
  sliceDispatch,
} from '../layout.ts';
import type { Plan, PlanBuilder, PlanDispatch, PlanModule } from '../plan.ts';
import { rowsGrid, rowsModule } from '../rowKernels.ts';
import { gradientDispatches, gradientModules, keptBuffers, keptUnplannable } from '../standardBackward.ts';
import { outputModule, scoresModule, tileGrid } from '../standardForward.ts';
import { unplannable } from '../unplannable.ts';

/** The kernels of standard attention, on whole matrices and without what other operations do here. */
const wholeMatrix = {
  ...{ BANDED: false, BOTTOM_RIGHT: false, LENGTHS: false, PACKED: false },
  ...{ ADJUSTED: false, BIAS: false, ALIBI: false, SOFTCAP: false, DROPOUT: false },
  RAW: true,
};

/** What an unfused framework runs: a dispatch for each operation, all of them on whole matrices. */
export const plan: PlanBuilder = (problem, tiling, limits, pass) => {
  const reason =
    pass === 'forward'
      ? unplannable('eager', problem, tiling, limits, {
          bytesPerHead: scoreBytes(problem),
          words: 'a score matrix',
        })
      : keptUnplannable('eager', problem, tiling, limits);
  if (reason) return { ok: false, reason };
  const build = pass === 'forward' ? forwardPlan : backwardPlan;
  return { ok: true, plan: build(problem, tiling, limits) };
};

/** Where an operation of the forward chain has S and P: scratch, or a backward pass's dP and the kept P. */
type Place = 'forward' | 'prologue';

function elementwise(
  problem: Problem,
  tiling: Tiling,
  id: string,
  conditions: Record<string, boolean>,
): PlanModule {
  return rowsModule(problem, tiling, { id, source: 'eager/elementwise', conditions }, problem.seqLenKv);
}

function forwardModules(problem: Problem, tiling: Tiling, place: Place) {
  const inDp = place === 'prologue';
  const on = inDp ? { ON_DP: true } : { ON_S: true };
  const id = (stage: EagerForwardStage) => (inDp ? `forward ${stage}` : stage);
  return {
    scores: scoresModule(problem, tiling, {
      id: id('scores'),
      conditions: { ...wholeMatrix, INTO_DP: inDp },
    }),
    scale: elementwise(problem, tiling, id('scale'), { ...on, SCALE: true }),
    mask: elementwise(problem, tiling, id('mask'), { ...on, MASK: true }),
    softmax: rowsModule(
      problem,
      tiling,
      {
        id: id('softmax'),
        source: 'standard/softmax',
        conditions: { ...wholeMatrix, FILLED: true, FROM_DP: inDp },
      },
      problem.seqLenKv,
    ),
    dropout: elementwise(problem, tiling, id('dropout'), { ON_P: true, DROP: true, KEEP_BOTH: inDp }),
    output: outputModule(problem, tiling, { id: id('output'), conditions: wholeMatrix }),
  };
}

function forwardDispatches(
  problem: Problem,
  tiling: Tiling,
  limits: DeviceLimits,
  slice: HeadSlice,
  modules: ReturnType<typeof forwardModules>,
  place: Place,
): Record<EagerForwardStage, PlanDispatch> {
  const { rowTiles, keyTiles } = tileGrid(problem, tiling);
  const s = { name: place === 'forward' ? 's' : 'dp', binding: 5 };
  const p = { name: 'p', binding: 6 };
  const placedP = place === 'forward' ? { matrices: [p] } : { keptMatrices: [p] };
  const dispatch = (stage: EagerForwardStage, request: Omit<DispatchRequest, 'stage' | 'module'>) =>
    sliceDispatch(problem, slice, limits, { stage, module: modules[stage], ...request });
  const grid = rowsGrid(problem, slice);
  return {
    scores: dispatch('scores', { grid: [keyTiles, rowTiles, slice.heads], matrices: [s], uses: [] }),
    scale: dispatch('scale', { grid, matrices: [s], uses: ['scores'] }),
    mask: dispatch('mask', { grid, matrices: [s], uses: ['mask'] }),
    softmax: dispatch('softmax', {
      grid,
      ...placedP,
      matrices: [s, ...(placedP.matrices ?? [])],
      uses: ['sinks'],
    }),
    dropout: dispatch('dropout', {
      grid,
      ...(place === 'forward' ? placedP : { keptMatrices: [p, { name: 'dropped', binding: 7 }] }),
      uses: [],
    }),
    output: dispatch('output', { grid: [rowTiles, slice.heads, 1], matrices: [p], uses: [] }),
  };
}

function forwardPlan(problem: Problem, tiling: Tiling, limits: DeviceLimits): Plan {
  const stages = eagerForwardStages(problem);
  const modules = forwardModules(problem, tiling, 'forward');
  return {
    algorithm: 'eager',
    pass: 'forward',
    problem,
    tiling,
    buffers: [
      ...forwardInputs(problem),
      outputBuffer(problem, 'o'),
      matrixBuffer(problem, 's', tiling),
      matrixBuffer(problem, 'p', tiling),
    ],
    modules: stages.map((stage) => modules[stage]),
    prologue: [],
    dispatches: headSlices(problem, tiling).flatMap((slice) => {
      const each = forwardDispatches(problem, tiling, limits, slice, modules, 'forward');
      return stages.map((stage) => each[stage]);
    }),
    stages,
  };
}

function backwardPlan(problem: Problem, tiling: Tiling, limits: DeviceLimits): Plan {
  const has = eagerHas(problem);
  const softcap = problem.softcap !== null;
  const stages = eagerBackwardStages(problem);
  const forward = forwardModules(problem, tiling, 'prologue');
  const forwardStages = eagerForwardStages(problem).filter((stage) => stage !== 'output');
  const slope = scoresModule(problem, tiling, {
    id: 'slope',
    conditions: { ...wholeMatrix, RAW: false, SOFTCAP: true, SLOPE: true },
  });
  const products = gradientModules(problem, tiling, { ...wholeMatrix, DROPPED: has.dropout });
  const operations = {
    dropout: elementwise(problem, tiling, 'dropout', { ON_DP: true, DROP: true }),
    mask: elementwise(problem, tiling, 'mask', { ON_DS: true, MASK_GRADIENT: true }),
    scale: elementwise(problem, tiling, 'scale', { ON_DS: true, SCALE_GRADIENT: true }),
  };
  const modules: Record<EagerBackwardStage, PlanModule> = {
    ...{ dv: products.dv, dp: products.dp, softmax: products.ds, dq: products.dq, dk: products.dk },
    ...operations,
  };
  const slices = headSlices(problem, tiling);
  const { rowTiles, keyTiles } = tileGrid(problem, tiling);
  return {
    algorithm: 'eager',
    pass: 'backward',
    problem,
    tiling,
    buffers: keptBuffers(problem, tiling, eagerKept(problem)),
    modules: [
      ...forwardStages.map((stage) => forward[stage]),
      ...(softcap ? [slope] : []),
      ...stages.map((stage) => modules[stage]),
    ],
    prologue: slices.flatMap((slice) => {
      const each = forwardDispatches(problem, tiling, limits, slice, forward, 'prologue');
      const slopes = sliceDispatch(problem, slice, limits, {
        stage: slope.id,
        module: slope,
        grid: [keyTiles, rowTiles, slice.heads],
        keptMatrices: [{ name: 'slope', binding: 5 }],
        uses: [],
      });
      return [...forwardStages.map((stage) => each[stage]), ...(softcap ? [slopes] : [])];
    }),
    dispatches: slices.flatMap((slice) => {
      const { ds, ...sums } = gradientDispatches(problem, tiling, limits, slice, products, {
        masked: false,
        softcap: false,
        dropped: has.dropout,
      });
      const grid = rowsGrid(problem, slice);
      const operation = (
        stage: keyof typeof operations,
        request: Pick<DispatchRequest, 'keptMatrices'>,
        matrix: string,
        uses: DispatchRequest['uses'],
      ) =>
        sliceDispatch(problem, slice, limits, {
          ...{ stage, module: operations[stage], grid, uses },
          matrices: [{ name: matrix, binding: 5 }],
          ...request,
        });
      const each: Record<EagerBackwardStage, PlanDispatch> = {
        ...sums,
        dropout: operation('dropout', {}, 'dp', []),
        softmax: { ...ds, stage: 'softmax' },
        mask: operation('mask', {}, 'ds', ['mask']),
        scale: operation('scale', softcap ? { keptMatrices: [{ name: 'slope', binding: 7 }] } : {}, 'ds', []),
      };
      return stages.map((stage) => each[stage]);
    }),
    stages,
  };
}
