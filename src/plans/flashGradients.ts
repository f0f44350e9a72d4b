import { flash2BackwardStages } from '../attention/cost/flash2Backward.ts';
import type { DeviceLimits } from '../attention/limits.ts';
import type { Problem } from '../attention/problem.ts';
import type { Tiling } from '../attention/tiling.ts';
import { vec4s } from '../attention/workgroupMemory.ts';
import { type HeadSlice, sliceDispatch } from './layout.ts';
import { problemModule } from './modules.ts';
import type { PlanDispatch, PlanModule } from './plan.ts';

const [, dq, dkdv] = flash2BackwardStages;

/** The kernels of FlashAttention-2 that recompute P and give dQ, and dK with dV. */
export function gradientModules(problem: Problem, tiling: Tiling): { dq: PlanModule; dkdv: PlanModule } {
  const resident = tiling.br * (vec4s(problem.headDim) + vec4s(problem.headDimV));
  const chunks = Math.ceil(problem.headDim / tiling.dc);
  const chunksV = Math.ceil(problem.headDimV / tiling.dc);
  return {
    dq: problemModule(problem, tiling, {
      id: dq,
      source: 'flash2/backward_query',
      tensors: [
        { name: 'q', binding: 2, access: 'read' },
        { name: 'k', binding: 3, access: 'read' },
        { name: 'v', binding: 4, access: 'read' },
        { name: 'dout', binding: 5, access: 'read' },
        { name: 'dq', binding: 6, access: 'write' },
      ],
      rowTileVec4s: resident,
      sumChunks: chunks,
    }),
    dkdv: problemModule(problem, tiling, {
      id: dkdv,
      source: 'flash2/backward_key',
      tensors: [
        { name: 'q', binding: 2, access: 'read' },
        { name: 'k', binding: 3, access: 'read' },
        { name: 'v', binding: 4, access: 'read' },
        { name: 'dout', binding: 5, access: 'read' },
        { name: 'dk', binding: 6, access: 'write' },
        { name: 'dv', binding: 7, access: 'write' },
      ],
      rowTileVec4s: resident,
      sumChunks: chunks + chunksV,
    }),
  };
}

/** dQ, then dK with dV, of a slice of whole groups of heads; `lse` and `delta` are there already. */
export function gradientDispatches(
  problem: Problem,
  tiling: Tiling,
  slice: HeadSlice,
  limits: DeviceLimits,
  modules: { dq: PlanModule; dkdv: PlanModule },
): PlanDispatch[] {
  const group = problem.heads / problem.kvHeads;
  return [
    sliceDispatch(problem, slice, limits, {
      stage: dq,
      module: modules.dq,
      grid: [Math.ceil(problem.seqLenQ / tiling.br), slice.heads, 1],
      statistics: [
        { name: 'lse', binding: 7 },
        { name: 'delta', binding: 8 },
      ],
      uses: ['mask', 'scores'],
    }),
    sliceDispatch(problem, slice, limits, {
      stage: dkdv,
      module: modules.dkdv,
      grid: [Math.ceil(problem.seqLenKv / tiling.br), slice.heads / group, 1],
      statistics: [
        { name: 'lse', binding: 8 },
        { name: 'delta', binding: 9 },
      ],
      uses: ['mask', 'scores'],
    }),
  ];
}
