import { flash2Stages } from '../../attention/cost/flash2.ts';
import { headSlices, inputBuffers, lseBuffer, outputBuffer, tileModule, unplannable } from '../layout.ts';
import { groupOffsetWord } from '../params.ts';
import type { PlanBuilder } from '../plan.ts';

/** One fused dispatch per slice of heads: grid (blocks of query rows, heads). */
export const plan: PlanBuilder = (problem, tiling, limits) => {
  const reason = unplannable('flash2', problem, tiling, limits, null);
  if (reason) return { ok: false, reason };
  return {
    ok: true,
    plan: {
      algorithm: 'flash2',
      pass: 'forward',
      problem,
      tiling,
      buffers: [...inputBuffers(problem), outputBuffer(problem), lseBuffer(problem)],
      modules: [tileModule('forward', 'flash2/forward', problem, tiling)],
      dispatches: headSlices(problem, tiling, limits).map((slice) => ({
        stage: flash2Stages[0],
        module: 'forward',
        entryPoint: 'main',
        grid: [Math.ceil(problem.seqLenQ / tiling.br), slice.heads, 1],
        bindings: [slice.q, slice.k, slice.v, slice.o, slice.lse],
        params: slice.params,
        groupOffsetWord,
      })),
      stages: [...flash2Stages],
    },
  };
};
