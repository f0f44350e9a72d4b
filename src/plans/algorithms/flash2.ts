import { flash2Stages } from '../../attention/cost/flash2.ts';
import { vec4s } from '../../attention/workgroupMemory.ts';
import {
  headSlices,
  inputBuffer,
  optionBuffers,
  outputBuffer,
  rowStatisticBuffer,
  sliceDispatch,
} from '../layout.ts';
import { problemModule } from '../modules.ts';
import type { PlanBuilder } from '../plan.ts';
import { unplannable } from '../unplannable.ts';

/** One fused dispatch per slice of heads: grid (blocks of query rows, heads). */
export const plan: PlanBuilder = (problem, tiling, limits) => {
  const reason = unplannable('flash2', problem, tiling, limits, null);
  if (reason) return { ok: false, reason };
  const module = problemModule(problem, tiling, {
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
  return {
    ok: true,
    plan: {
      algorithm: 'flash2',
      pass: 'forward',
      problem,
      tiling,
      buffers: [
        inputBuffer(problem, 'q'),
        inputBuffer(problem, 'k'),
        inputBuffer(problem, 'v'),
        ...optionBuffers(problem),
        outputBuffer(problem, 'o'),
        rowStatisticBuffer(problem, 'lse', 'output'),
      ],
      modules: [module],
      prologue: [],
      dispatches: headSlices(problem, tiling).map((slice) =>
        sliceDispatch(problem, slice, limits, {
          stage: flash2Stages[0],
          module,
          grid: [Math.ceil(problem.seqLenQ / tiling.br), slice.heads, 1],
          statistics: [{ name: 'lse', binding: 6 }],
          adjustsScores: true,
        }),
      ),
      stages: [...flash2Stages],
    },
  };
};
