import { listByKeys, listByRows } from '../../attention/blockList.ts';
import { blockSparseBackwardStages, transposedTiling } from '../../attention/cost/blockSparseBackward.ts';
import { blockSparseStages } from '../../attention/cost/blockSparseFlash.ts';
import type { DeviceLimits } from '../../attention/limits.ts';
import type { Problem } from '../../attention/problem.ts';
import type { Tiling } from '../../attention/tiling.ts';
import { formatBytes } from '../../attention/units.ts';
import { vec4s } from '../../attention/workgroupMemory.ts';
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
import type { Plan, PlanBuffer, PlanBuilder, PlanDispatch, PlanModule } from '../plan.ts';
import { deltaDispatch, deltaModule } from '../rowKernels.ts';
import { unplannable } from '../unplannable.ts';

const id = 'block-sparse-flash';

/** Binding of the list, as kernels/common/block_list.wesl has it. */
const listBinding = 10;

/** Words that a plan carries at most for one list. */
const maxListWords = 4_000_000;

/** Forward: one fused dispatch per slice of heads. Backward: the row dot, dQ, and dK with dV. */
export const plan: PlanBuilder = (problem, tiling, limits, pass) => {
  const reason = unplannable(
    id,
    problem,
    tiling,
    limits,
    null,
    pass === 'forward' ? undefined : ['q', 'k', 'v', 'o', 'dout', 'dq', 'dk', 'dv'],
  );
  if (reason) return { ok: false, reason };
  const byRows = listBuffer('block_list', listByRows(problem, tiling));
  const byKeys = pass === 'forward' ? null : listBuffer('key_block_list', listByKeys(problem, tiling));
  const tooLong = listReason(byRows, limits) ?? (byKeys && listReason(byKeys, limits));
  if (tooLong) return { ok: false, reason: tooLong };
  return {
    ok: true,
    plan: byKeys
      ? backwardPlan(problem, tiling, limits, byRows, byKeys)
      : forwardPlan(problem, tiling, limits, byRows),
  };
};

function forwardPlan(problem: Problem, tiling: Tiling, limits: DeviceLimits, list: PlanBuffer): Plan {
  const module = forwardModule(problem, tiling);
  return {
    algorithm: id,
    pass: 'forward',
    problem,
    tiling,
    buffers: [
      ...forwardInputs(problem),
      list,
      outputBuffer(problem, 'o'),
      rowStatisticBuffer(problem, 'lse', 'output'),
    ],
    modules: [module],
    prologue: [],
    dispatches: headSlices(problem, tiling).map((slice) =>
      forwardDispatch(problem, tiling, slice, limits, module, list),
    ),
    stages: [...blockSparseStages],
  };
}

function forwardModule(problem: Problem, tiling: Tiling): PlanModule {
  return problemModule(problem, tiling, {
    id: 'forward',
    source: `${id}/forward`,
    tensors: [
      { name: 'q', binding: 2, access: 'read' },
      { name: 'k', binding: 3, access: 'read' },
      { name: 'v', binding: 4, access: 'read' },
      { name: 'o', binding: 5, access: 'write' },
    ],
    rowTileVec4s: tiling.br * vec4s(problem.headDim),
    sumChunks: Math.ceil(problem.headDimV / tiling.dc),
    conditions: { SHARDED: false },
  });
}

/** Grid: blocks of query rows, heads. */
function forwardDispatch(
  problem: Problem,
  tiling: Tiling,
  slice: HeadSlice,
  limits: DeviceLimits,
  module: PlanModule,
  list: PlanBuffer,
): PlanDispatch {
  return sliceDispatch(problem, slice, limits, {
    stage: blockSparseStages[0],
    module,
    grid: [Math.ceil(problem.seqLenQ / tiling.br), slice.heads, 1],
    statistics: [{ name: 'lse', binding: 6 }],
    whole: [{ name: list.name, binding: listBinding, bytes: list.bytes }],
    uses: ['mask', 'scores', 'sinks'],
  });
}

function backwardPlan(
  problem: Problem,
  tiling: Tiling,
  limits: DeviceLimits,
  byRows: PlanBuffer,
  byKeys: PlanBuffer,
): Plan {
  const [, dq, dkdv] = blockSparseBackwardStages;
  const forward = forwardModule(problem, tiling);
  const delta = deltaModule(problem, tiling);
  const dqModule = queryGradientModule(problem, tiling);
  const dkdvModule = keyGradientModule(problem, transposedTiling(tiling));
  const slices = headSlices(problem, tiling);
  const group = problem.heads / problem.kvHeads;
  return {
    algorithm: id,
    pass: 'backward',
    problem,
    tiling,
    buffers: [
      inputBuffer(problem, 'q'),
      inputBuffer(problem, 'k'),
      inputBuffer(problem, 'v'),
      inputBuffer(problem, 'dout'),
      ...optionBuffers(problem),
      byRows,
      byKeys,
      computedBuffer(outputBuffer(problem, 'o')),
      computedBuffer(rowStatisticBuffer(problem, 'lse', 'output')),
      outputBuffer(problem, 'dq'),
      outputBuffer(problem, 'dk'),
      outputBuffer(problem, 'dv'),
      rowStatisticBuffer(problem, 'delta', 'scratch'),
    ],
    modules: [forward, delta, dqModule, dkdvModule],
    prologue: slices.map((slice) => forwardDispatch(problem, tiling, slice, limits, forward, byRows)),
    dispatches: slices.flatMap((slice) => [
      deltaDispatch(problem, slice, limits, delta),
      sliceDispatch(problem, slice, limits, {
        stage: dq,
        module: dqModule,
        grid: [Math.ceil(problem.seqLenQ / tiling.br), slice.heads, 1],
        statistics: [
          { name: 'lse', binding: 7 },
          { name: 'delta', binding: 8 },
        ],
        whole: [{ name: byRows.name, binding: listBinding, bytes: byRows.bytes }],
        uses: ['mask', 'scores'],
      }),
      sliceDispatch(problem, slice, limits, {
        stage: dkdv,
        module: dkdvModule,
        grid: [Math.ceil(problem.seqLenKv / tiling.bc), slice.heads / group, 1],
        statistics: [
          { name: 'lse', binding: 8 },
          { name: 'delta', binding: 9 },
        ],
        whole: [{ name: byKeys.name, binding: listBinding, bytes: byKeys.bytes }],
        uses: ['mask', 'scores'],
      }),
    ]),
    stages: [...blockSparseBackwardStages],
  };
}

function queryGradientModule(problem: Problem, tiling: Tiling): PlanModule {
  return problemModule(problem, tiling, {
    id: 'dq',
    source: `${id}/backward_query`,
    tensors: [
      { name: 'q', binding: 2, access: 'read' },
      { name: 'k', binding: 3, access: 'read' },
      { name: 'v', binding: 4, access: 'read' },
      { name: 'dout', binding: 5, access: 'read' },
      { name: 'dq', binding: 6, access: 'write' },
    ],
    rowTileVec4s: tiling.br * (vec4s(problem.headDim) + vec4s(problem.headDimV)),
    sumChunks: Math.ceil(problem.headDim / tiling.dc),
  });
}

function keyGradientModule(problem: Problem, tiling: Tiling): PlanModule {
  return problemModule(problem, tiling, {
    id: 'dkdv',
    source: `${id}/backward_key`,
    tensors: [
      { name: 'q', binding: 2, access: 'read' },
      { name: 'k', binding: 3, access: 'read' },
      { name: 'v', binding: 4, access: 'read' },
      { name: 'dout', binding: 5, access: 'read' },
      { name: 'dk', binding: 6, access: 'write' },
      { name: 'dv', binding: 7, access: 'write' },
    ],
    rowTileVec4s: tiling.br * (vec4s(problem.headDim) + vec4s(problem.headDimV)),
    sumChunks: Math.ceil(problem.headDim / tiling.dc) + Math.ceil(problem.headDimV / tiling.dc),
  });
}

function listBuffer(name: string, words: number[]): PlanBuffer {
  return {
    name,
    role: 'input',
    bytes: words.length * 4,
    elements: { dtype: 'f32', width: 1 },
    fill: { kind: 'words', words },
  };
}

function listReason({ bytes }: PlanBuffer, limits: DeviceLimits): string | null {
  const { maxStorageBufferBindingSize } = limits;
  const most = Math.min(maxListWords * 4, maxStorageBufferBindingSize);
  if (bytes <= most) return null;
  const limit =
    most === maxStorageBufferBindingSize ? 'maxStorageBufferBindingSize' : 'the maximum of a plan';
  return (
    `${id} needs ${formatBytes(bytes)} (${bytes} bytes) for the list of its blocks; a list holds at most ` +
    `${formatBytes(most)} (${limit}). Use larger tiles, a sparser block mask or a shorter sequence`
  );
}
