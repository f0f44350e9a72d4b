import {
  heldRows,
  memoryEfficientStages,
  partialOBytes,
  partialStatisticsBytes,
} from '../../attention/cost/memoryEfficient.ts';
import { splitKeys } from '../../attention/cost/packedTiles.ts';
import type { DeviceLimits } from '../../attention/limits.ts';
import type { Problem } from '../../attention/problem.ts';
import type { Tiling } from '../../attention/tiling.ts';
import { vec4s } from '../../attention/workgroupMemory.ts';
import {
  type HeadSlice,
  headSlices,
  inputBuffer,
  optionBuffers,
  outputBuffer,
  sliceDispatch,
} from '../layout.ts';
import { problemModule } from '../modules.ts';
import type { PlanBuffer, PlanBuilder, PlanDispatch, PlanModule } from '../plan.ts';
import { rowsModule, rowsPerGroup } from '../rowKernels.ts';
import { unplannable } from '../unplannable.ts';

const id = 'memory-efficient';

/** Two dispatches for each chunk of queries of each slice of heads; all use the same partial results. */
export const plan: PlanBuilder = (problem, tiling, limits) => {
  const reason = unplannable(id, problem, tiling, limits, {
    bytesPerHead: partialOBytes(problem, tiling),
    words: 'partial outputs',
  });
  if (reason) return { ok: false, reason };
  const chunks = {
    CHUNK_KEYS: splitKeys(problem, tiling),
    CHUNKS_OF_KEYS: tiling.splits,
    QUERY_CHUNK: heldRows(problem, tiling),
  };
  const chunk = problemModule(problem, tiling, {
    id: 'chunk',
    source: `${id}/chunk`,
    tensors: [
      { name: 'q', binding: 2, access: 'read' },
      { name: 'k', binding: 3, access: 'read' },
      { name: 'v', binding: 4, access: 'read' },
    ],
    rowTileVec4s: tiling.br * vec4s(problem.headDim),
    sumChunks: Math.ceil(problem.headDimV / tiling.dc),
    constants: chunks,
  });
  const merge = rowsModule(
    problem,
    tiling,
    {
      id: 'merge',
      source: `${id}/merge`,
      tensors: [{ name: 'o', binding: 2, access: 'write' }],
      constants: chunks,
    },
    problem.headDimV,
  );
  return {
    ok: true,
    plan: {
      algorithm: id,
      pass: 'forward',
      problem,
      tiling,
      buffers: [
        inputBuffer(problem, 'q'),
        inputBuffer(problem, 'k'),
        inputBuffer(problem, 'v'),
        ...optionBuffers(problem),
        outputBuffer(problem, 'o'),
        ...partialBuffers(problem, tiling),
      ],
      modules: [chunk, merge],
      prologue: [],
      dispatches: headSlices(problem, tiling).flatMap((slice) =>
        sliceDispatches(problem, tiling, slice, limits, chunk, merge),
      ),
      stages: [...memoryEfficientStages],
    },
  };
};

function sliceDispatches(
  problem: Problem,
  tiling: Tiling,
  slice: HeadSlice,
  limits: DeviceLimits,
  chunk: PlanModule,
  merge: PlanModule,
): PlanDispatch[] {
  const [chunkStage, mergeStage] = memoryEfficientStages;
  const held = heldRows(problem, tiling);
  const whole = [
    { name: 'partial_o', binding: 5, bytes: slice.heads * partialOBytes(problem, tiling) },
    {
      name: 'partial_statistics',
      binding: 6,
      bytes: slice.heads * partialStatisticsBytes(problem, tiling),
    },
  ];
  const dispatches: PlanDispatch[] = [];
  for (let rowStart = 0; rowStart < problem.seqLenQ; rowStart += held) {
    const rows = Math.min(held, problem.seqLenQ - rowStart);
    const chunked = sliceDispatch(problem, slice, limits, {
      stage: chunkStage,
      module: chunk,
      grid: [Math.ceil(rows / tiling.br), tiling.splits, slice.heads],
      whole,
      uses: ['mask', 'scores'],
    });
    const merged = sliceDispatch(problem, slice, limits, {
      stage: mergeStage,
      module: merge,
      grid: [Math.ceil(rows / rowsPerGroup), slice.heads, 1],
      whole,
      uses: ['mask', 'sinks'],
    });
    dispatches.push(startingAt(chunked, rowStart / tiling.br), startingAt(merged, rowStart / rowsPerGroup));
  }
  return dispatches;
}

/** The same dispatch with its workgroups counted from `first` along x. */
function startingAt(dispatch: PlanDispatch, first: number): PlanDispatch {
  const params = [...dispatch.params];
  params[dispatch.groupOffsetWord] = first;
  return { ...dispatch, params };
}

function partialBuffers(problem: Problem, tiling: Tiling): PlanBuffer[] {
  const scratch = { role: 'scratch', fill: { kind: 'poison' } } as const;
  const { headsPerSlice } = tiling;
  return [
    {
      name: 'partial_o',
      bytes: headsPerSlice * partialOBytes(problem, tiling),
      elements: { dtype: 'f32', width: vec4s(problem.headDimV) * 4 },
      ...scratch,
    },
    {
      name: 'partial_statistics',
      bytes: headsPerSlice * partialStatisticsBytes(problem, tiling),
      elements: { dtype: 'f32', width: 2 },
      ...scratch,
    },
  ];
}
