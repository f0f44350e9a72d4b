import { rowsPerGroup } from '../attention/cost/work.ts';
import type { DeviceLimits } from '../attention/limits.ts';
import type { Problem } from '../attention/problem.ts';
import type { Tiling } from '../attention/tiling.ts';
import { type HeadSlice, sliceDispatch } from './layout.ts';
import { problemModule } from './modules.ts';
import type { PlanDispatch, PlanModule } from './plan.ts';

/**
 * A row-wise kernel over rows of `width` elements. LANES invocations share a row: a power of two, no more
 * than the row has work for.
 */
export function rowsModule(
  problem: Problem,
  tiling: Tiling,
  request: Parameters<typeof problemModule>[2],
  width: number,
): PlanModule {
  const lanes = 2 ** Math.floor(Math.log2(Math.max(4, Math.min(32, width / 4))));
  return problemModule(problem, tiling, {
    ...request,
    constants: { ...request.constants, LANES: lanes, ROWS: rowsPerGroup },
  });
}

/** Grid of a row-wise kernel over the query rows of a slice of heads. */
export function rowsGrid(problem: Problem, slice: HeadSlice): [number, number, number] {
  return [Math.ceil(problem.seqLenQ / rowsPerGroup), slice.heads, 1];
}

/** delta = rowsum(dO * O), kernels/common/delta.wesl. */
export function deltaModule(problem: Problem, tiling: Tiling): PlanModule {
  return rowsModule(
    problem,
    tiling,
    {
      id: 'delta',
      source: 'common/delta',
      tensors: [
        { name: 'o', binding: 2, access: 'read' },
        { name: 'dout', binding: 3, access: 'read' },
      ],
    },
    problem.headDimV,
  );
}

export function deltaDispatch(
  problem: Problem,
  slice: HeadSlice,
  limits: DeviceLimits,
  module: PlanModule,
): PlanDispatch {
  return sliceDispatch(problem, slice, limits, {
    stage: 'delta',
    module,
    grid: rowsGrid(problem, slice),
    statistics: [{ name: 'delta', binding: 8 }],
    uses: [],
  });
}
