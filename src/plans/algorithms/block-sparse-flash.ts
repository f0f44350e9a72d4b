import { listByRows } from '../../attention/blockList.ts';
import { blockSparseStages } from '../../attention/cost/blockSparseFlash.ts';
import type { DeviceLimits } from '../../attention/limits.ts';
import type { Problem } from '../../attention/problem.ts';
import type { Tiling } from '../../attention/tiling.ts';
import { formatBytes } from '../../attention/units.ts';
import { vec4s } from '../../attention/workgroupMemory.ts';
import {
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
import { unplannable } from '../unplannable.ts';

const id = 'block-sparse-flash';

/** Binding of the list, as kernels/common/block_list.wesl has it. */
const listBinding = 10;

/** Words that a plan carries at most for one list. */
const maxListWords = 4_000_000;

/** One fused dispatch per slice of heads; every slice walks the same list. */
export const plan: PlanBuilder = (problem, tiling, limits) => {
  const reason = unplannable(id, problem, tiling, limits, null);
  if (reason) return { ok: false, reason };
  const list = listBuffer('block_list', listByRows(problem, tiling));
  const tooLong = listReason(list, limits);
  if (tooLong) return { ok: false, reason: tooLong };
  return { ok: true, plan: forwardPlan(problem, tiling, limits, list) };
};

function forwardPlan(problem: Problem, tiling: Tiling, limits: DeviceLimits, list: PlanBuffer): Plan {
  const module = forwardModule(problem, tiling);
  return {
    algorithm: id,
    pass: 'forward',
    problem,
    tiling,
    buffers: [
      inputBuffer(problem, 'q'),
      inputBuffer(problem, 'k'),
      inputBuffer(problem, 'v'),
      ...optionBuffers(problem),
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
    source: 'block-sparse-flash/forward',
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
  const most = Math.min(maxListWords * 4, limits.maxStorageBufferBindingSize);
  if (bytes <= most) return null;
  return (
    `${id} needs ${formatBytes(bytes)} (${bytes} bytes) for the list of its blocks; a list holds at most ` +
    `${formatBytes(most)} (${most} bytes). Use larger tiles, a sparser block mask or a shorter sequence`
  );
}
