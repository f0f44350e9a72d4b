import {
  heldRows,
  memoryEfficientBackwardStages,
  memoryEfficientStages,
  partialOBytes,
  partialStatisticsBytes,
} from '../../attention/cost/memoryEfficient.ts';
import { splitKeys } from '../../attention/cost/packedTiles.ts';
import { rowsPerGroup } from '../../attention/cost/work.ts';
import type { DeviceLimits } from '../../attention/limits.ts';
import type { Problem } from '../../attention/problem.ts';
import type { Tiling } from '../../attention/tiling.ts';
import { vec4s } from '../../attention/workgroupMemory.ts';
import { gradientDispatches, gradientModules } from '../flashGradients.ts';
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
import type { PlanBuffer, PlanBuilder, PlanDispatch, PlanModule } from '../plan.ts';
import { rowsModule } from '../rowKernels.ts';
import { unplannable } from '../unplannable.ts';

const id = 'memory-efficient';

/**
 * Two dispatches for each chunk of queries of each slice of heads; all use the same partial results. Backward
 * does the same again and adds the two kernels of the gradients; it keeps nothing of the forward pass.
 */
export const plan: PlanBuilder = (problem, tiling, limits, pass) => {
  const backward = pass === 'backward';
  const reason = unplannable(
    id,
    problem,
    tiling,
    limits,
    { bytesPerHead: partialOBytes(problem, tiling), words: 'partial outputs' },
    backward ? ['q', 'k', 'v', 'dout', 'dq', 'dk', 'dv'] : undefined,
  );
  if (reason) return { ok: false, reason };
  const chunk = chunkModule(problem, tiling);
  const merge = mergeModule(problem, tiling, backward);
  const gradients = backward ? gradientModules(problem, tiling) : null;
  return {
    ok: true,
    plan: {
      algorithm: id,
      pass,
      problem,
      tiling,
      buffers: [
        inputBuffer(problem, 'q'),
        inputBuffer(problem, 'k'),
        inputBuffer(problem, 'v'),
        ...(backward ? [inputBuffer(problem, 'dout')] : []),
        ...optionBuffers(problem),
        ...(backward ? gradientBuffers(problem) : [outputBuffer(problem, 'o')]),
        ...partialBuffers(problem, tiling),
      ],
      modules: [chunk, merge, ...(gradients ? [gradients.dq, gradients.dkdv] : [])],
      prologue: [],
      dispatches: headSlices(problem, tiling).flatMap((slice) => [
        ...summaryDispatches(problem, tiling, slice, limits, { chunk, merge, backward }),
        ...(gradients ? gradientDispatches(problem, tiling, slice, limits, gradients) : []),
      ]),
      stages: [...(backward ? memoryEfficientBackwardStages : memoryEfficientStages)],
    },
  };
};

function chunkConstants(problem: Problem, tiling: Tiling) {
  return {
    CHUNK_KEYS: splitKeys(problem, tiling),
    CHUNKS_OF_KEYS: tiling.splits,
    QUERY_CHUNK: heldRows(problem, tiling),
  };
}

function chunkModule(problem: Problem, tiling: Tiling): PlanModule {
  return problemModule(problem, tiling, {
    id: 'chunk',
    source: `${id}/chunk`,
    tensors: [
      { name: 'q', binding: 2, access: 'read' },
      { name: 'k', binding: 3, access: 'read' },
      { name: 'v', binding: 4, access: 'read' },
    ],
    rowTileVec4s: tiling.br * vec4s(problem.headDim),
    sumChunks: Math.ceil(problem.headDimV / tiling.dc),
    constants: chunkConstants(problem, tiling),
  });
}

function mergeModule(problem: Problem, tiling: Tiling, backward: boolean): PlanModule {
  return rowsModule(
    problem,
    tiling,
    {
      id: 'merge',
      source: `${id}/merge`,
      tensors: [
        backward ? { name: 'dout', binding: 2, access: 'read' } : { name: 'o', binding: 2, access: 'write' },
      ],
      constants: chunkConstants(problem, tiling),
      conditions: { GRADIENTS: backward },
    },
    problem.headDimV,
  );
}

function summaryDispatches(
  problem: Problem,
  tiling: Tiling,
  slice: HeadSlice,
  limits: DeviceLimits,
  { chunk, merge, backward }: { chunk: PlanModule; merge: PlanModule; backward: boolean },
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
      statistics: backward
        ? [
            { name: 'lse', binding: 7 },
            { name: 'delta', binding: 8 },
          ]
        : [],
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

function gradientBuffers(problem: Problem): PlanBuffer[] {
  return [
    outputBuffer(problem, 'dq'),
    outputBuffer(problem, 'dk'),
    outputBuffer(problem, 'dv'),
    rowStatisticBuffer(problem, 'lse', 'scratch'),
    rowStatisticBuffer(problem, 'delta', 'scratch'),
  ];
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
