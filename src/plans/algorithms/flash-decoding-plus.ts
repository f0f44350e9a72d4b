import { partialBytes } from '../../attention/cost/flashDecoding.ts';
import { flashDecodingPlusStages, recomputedLayout } from '../../attention/cost/flashDecodingPlus.ts';
import { splitKeys } from '../../attention/cost/packedTiles.ts';
import type { DeviceLimits } from '../../attention/limits.ts';
import type { Problem } from '../../attention/problem.ts';
import type { Tiling } from '../../attention/tiling.ts';
import { formatBytes } from '../../attention/units.ts';
import { partialBuffers, partials, splitDispatch, splitModule } from '../decoding.ts';
import { forwardInputs, headSlices, outputBuffer, rowStatisticBuffer, sliceDispatch } from '../layout.ts';
import { problemModule } from '../modules.ts';
import type { DeviceNumber, PlanBuffer, PlanBuilder } from '../plan.ts';
import { rowsGrid, rowsModule } from '../rowKernels.ts';
import { unplannable } from '../unplannable.ts';

/** Three dispatches per slice of heads; the last returns at once for rows that need not be computed again. */
export const plan: PlanBuilder = (problem, tiling, limits) => {
  const id = 'flash-decoding-plus';
  const recomputed = recomputedBuffer(problem);
  const reason =
    unplannable(id, problem, tiling, limits, {
      bytesPerHead: partialBytes(problem, tiling.splits),
      words: 'partial outputs',
    }) ?? tooLarge(id, recomputed, limits);
  if (reason) return { ok: false, reason };
  const [, merge, recompute] = flashDecodingPlusStages;
  const split = splitModule(problem, tiling, null, true);
  const mergeModule = rowsModule(
    problem,
    tiling,
    {
      id: merge,
      source: 'flash-decoding/merge_unified',
      tensors: [{ name: 'o', binding: 2, access: 'write' }],
      constants: { SPLITS: tiling.splits, SPLIT_KEYS: splitKeys(problem, tiling) },
    },
    problem.headDimV,
  );
  const recomputeModule = recomputeModuleOf(problem, tiling);
  return {
    ok: true,
    plan: {
      algorithm: id,
      pass: 'forward',
      problem,
      tiling,
      buffers: [
        ...forwardInputs(problem),
        outputBuffer(problem, 'o'),
        rowStatisticBuffer(problem, 'lse', 'output'),
        ...partialBuffers(problem, tiling, 'partial_sum'),
        recomputed,
      ],
      modules: [split, mergeModule, recomputeModule],
      prologue: [],
      dispatches: headSlices(problem, tiling).flatMap((slice) => [
        splitDispatch(problem, tiling, slice, limits, split, 'partial_sum', null),
        sliceDispatch(problem, slice, limits, {
          stage: merge,
          module: mergeModule,
          grid: rowsGrid(problem, slice),
          whole: [
            ...partials(problem, tiling, slice, 'partial_sum'),
            { name: recomputed.name, binding: 8, bytes: recomputed.bytes },
          ],
          statistics: [{ name: 'lse', binding: 7 }],
          uses: ['mask', 'sinks'],
        }),
        sliceDispatch(problem, slice, limits, {
          stage: recompute,
          module: recomputeModule,
          grid: [problem.seqLenQ, slice.heads, 1],
          whole: [{ name: recomputed.name, binding: 7, bytes: recomputed.bytes }],
          statistics: [{ name: 'lse', binding: 6 }],
          uses: ['mask', 'scores', 'sinks'],
        }),
      ]),
      stages: [...flashDecodingPlusStages],
      deviceNumbers,
    },
  };
};

/** The rows are bound whole, whatever the slices. */
function tooLarge(id: string, { bytes }: PlanBuffer, limits: DeviceLimits): string | null {
  const { maxStorageBufferBindingSize, maxBufferSize } = limits;
  if (bytes <= Math.min(maxStorageBufferBindingSize, maxBufferSize)) return null;
  return (
    `${id} needs ${formatBytes(bytes)} (${bytes} bytes) for which rows to compute again; this device binds at ` +
    `most ${formatBytes(maxStorageBufferBindingSize)} (maxStorageBufferBindingSize). It is made for few queries`
  );
}

const deviceNumbers: DeviceNumber[] = [
  { name: 'recomputedRows', buffer: 'recomputed', column: 0, of: 'nonZero' },
  { name: 'recomputedKeys', buffer: 'recomputed', column: 0, of: 'sum' },
  { name: 'recomputedSplits', buffer: 'recomputed', column: 1, of: 'sum' },
];

/** Keys and splits of each query row, 32-bit words. */
function recomputedBuffer({ batch, heads, seqLenQ }: Problem): PlanBuffer {
  const { dtype, width, bytes } = recomputedLayout;
  return {
    name: 'recomputed',
    role: 'scratch',
    bytes: batch * heads * seqLenQ * bytes,
    elements: { dtype, width },
    fill: { kind: 'poison' },
  };
}

function recomputeModuleOf(problem: Problem, tiling: Tiling) {
  return problemModule(problem, tiling, {
    id: 'recompute',
    source: 'flash-decoding/recompute',
    tensors: [
      { name: 'q', binding: 2, access: 'read' },
      { name: 'k', binding: 3, access: 'read' },
      { name: 'v', binding: 4, access: 'read' },
      { name: 'o', binding: 5, access: 'write' },
    ],
    constants: { LANES: 32 },
  });
}
