import {
  blockTableBytes,
  flashDecodingStages,
  heldKeys,
  pagedBytes,
  partialBytes,
  partialStatisticBytes,
} from '../attention/cost/flashDecoding.ts';
import { splitKeys } from '../attention/cost/packedTiles.ts';
import type { DeviceLimits } from '../attention/limits.ts';
import { type Pages, pageKeys, pagesFor, pagesOf } from '../attention/paging.ts';
import type { Problem } from '../attention/problem.ts';
import type { Tiling } from '../attention/tiling.ts';
import { vec4s } from '../attention/workgroupMemory.ts';
import {
  type HeadSlice,
  headSlices,
  inputBuffer,
  optionBuffers,
  outputBuffer,
  rowStatisticBuffer,
  sliceDispatch,
} from './layout.ts';
import { problemModule } from './modules.ts';
import type { PlanBuffer, PlanDispatch, PlanModule, PlanResult } from './plan.ts';
import { rowsGrid, rowsModule } from './rowKernels.ts';
import { unplannable } from './unplannable.ts';

/** Two dispatches per slice of heads, which reuse the same partial results. K and V in order, or in pages. */
export function decodingPlan(
  algorithm: string,
  problem: Problem,
  tiling: Tiling,
  limits: DeviceLimits,
  paged: boolean,
): PlanResult {
  const pages = paged ? pagesFor(problem) : null;
  const held = paged ? { ...problem, seqLenKv: heldKeys(problem) } : problem;
  const reason = unplannable(algorithm, { ...held, bias: problem.bias }, tiling, limits, {
    bytesPerHead: partialBytes(problem, tiling.splits),
    words: 'partial outputs',
  });
  if (reason) return { ok: false, reason };
  const [, merge] = flashDecodingStages;
  const modules = { split: splitModule(problem, tiling, pages, false), merge: mergeModule(problem, tiling) };
  return {
    ok: true,
    plan: {
      algorithm,
      pass: 'forward',
      problem,
      tiling,
      buffers: [
        inputBuffer(problem, 'q'),
        keyBuffer(problem, 'k', pages),
        keyBuffer(problem, 'v', pages),
        ...(pages ? [blockTable(problem, pages)] : []),
        ...optionBuffers(problem),
        outputBuffer(problem, 'o'),
        rowStatisticBuffer(problem, 'lse', 'output'),
        ...partialBuffers(problem, tiling, 'partial_lse'),
      ],
      modules: [modules.split, modules.merge],
      prologue: [],
      dispatches: headSlices(problem, tiling).flatMap((slice) => [
        splitDispatch(problem, tiling, slice, limits, modules.split, 'partial_lse', pages),
        sliceDispatch(problem, slice, limits, {
          stage: merge,
          module: modules.merge,
          grid: rowsGrid(problem, slice),
          whole: partials(problem, tiling, slice, 'partial_lse'),
          statistics: [{ name: 'lse', binding: 7 }],
          uses: ['mask', 'sinks'],
        }),
      ]),
      stages: [...flashDecodingStages],
    },
  };
}

/** The first step; `statistic` is the buffer of what it leaves of each row beside the partial O. */
export function splitDispatch(
  problem: Problem,
  tiling: Tiling,
  slice: HeadSlice,
  limits: DeviceLimits,
  module: PlanModule,
  statistic: string,
  pages: Pages | null,
): PlanDispatch {
  const group = problem.heads / problem.kvHeads;
  return sliceDispatch(problem, slice, limits, {
    stage: flashDecodingStages[0],
    module,
    grid: [Math.ceil((group * problem.seqLenQ) / tiling.br), tiling.splits, slice.heads / group],
    whole: [
      ...partials(problem, tiling, slice, statistic),
      ...(pages ? [{ name: 'block_table', binding: 7, bytes: blockTableBytes(problem) }] : []),
    ],
    keyRows: pages ? heldKeys(problem) : problem.seqLenKv,
    uses: ['mask', 'scores'],
  });
}

export function splitModule(
  problem: Problem,
  tiling: Tiling,
  pages: Pages | null,
  unified: boolean,
): PlanModule {
  return problemModule(problem, tiling, {
    id: 'split',
    source: 'flash-decoding/split',
    tensors: [
      { name: 'q', binding: 2, access: 'read' },
      { name: 'k', binding: 3, access: 'read' },
      { name: 'v', binding: 4, access: 'read' },
    ],
    rowTileVec4s: tiling.br * vec4s(problem.headDim),
    sumChunks: Math.ceil(problem.headDimV / tiling.dc),
    constants: {
      SPLITS: tiling.splits,
      SPLIT_KEYS: splitKeys(problem, tiling),
      PAGE: pageKeys,
      PAGES: pagesOf(problem),
      KEY_ROWS: pages ? heldKeys(problem) : problem.seqLenKv,
    },
    conditions: { PAGED: pages !== null, UNIFIED: unified },
  });
}

function mergeModule(problem: Problem, tiling: Tiling): PlanModule {
  return rowsModule(
    problem,
    tiling,
    {
      id: 'merge',
      source: 'flash-decoding/merge',
      tensors: [{ name: 'o', binding: 2, access: 'write' }],
      constants: { SPLITS: tiling.splits, SPLIT_KEYS: splitKeys(problem, tiling) },
    },
    problem.headDimV,
  );
}

function keyBuffer(problem: Problem, name: 'k' | 'v', pages: Pages | null): PlanBuffer {
  const buffer = inputBuffer(problem, name);
  if (!pages || buffer.fill.kind !== 'normal') return buffer;
  return { ...buffer, bytes: pagedBytes(problem, name), fill: { ...buffer.fill, pages } };
}

function blockTable(problem: Problem, { table }: Pages): PlanBuffer {
  return {
    name: 'block_table',
    role: 'input',
    bytes: blockTableBytes(problem),
    elements: { dtype: 'f32', width: 1 },
    fill: { kind: 'words', words: table },
  };
}

/** What the splits of one slice of heads leave. */
export function partialBuffers(
  problem: Problem,
  { splits, headsPerSlice }: Tiling,
  statistic: string,
): PlanBuffer[] {
  const scratch = { role: 'scratch', fill: { kind: 'poison' } } as const;
  return [
    {
      name: 'partial_o',
      bytes: headsPerSlice * partialBytes(problem, splits),
      elements: { dtype: 'f32', width: vec4s(problem.headDimV) * 4 },
      ...scratch,
    },
    {
      name: statistic,
      bytes: headsPerSlice * partialStatisticBytes(problem, splits),
      elements: { dtype: 'f32', width: 1 },
      ...scratch,
    },
  ];
}

export function partials(problem: Problem, { splits }: Tiling, { heads }: HeadSlice, statistic: string) {
  return [
    { name: 'partial_o', binding: 5, bytes: heads * partialBytes(problem, splits) },
    { name: statistic, binding: 6, bytes: heads * partialStatisticBytes(problem, splits) },
  ];
}
