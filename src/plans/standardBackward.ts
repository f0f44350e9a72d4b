import {
  keptBytes,
  keptMatrices,
  keptTensors,
  standardBackwardStages,
} from '../attention/cost/standardBackward.ts';
import { keptMatrixSize } from '../attention/cost/tensors.ts';
import type { DeviceLimits } from '../attention/limits.ts';
import type { Problem } from '../attention/problem.ts';
import type { Tiling } from '../attention/tiling.ts';
import { formatBytes } from '../attention/units.ts';
import {
  type HeadSlice,
  headSlices,
  inputBuffer,
  keptMatrixBuffer,
  matrixBuffer,
  optionBuffers,
  outputBuffer,
  sliceDispatch,
} from './layout.ts';
import { type ModuleRequest, problemModule } from './modules.ts';
import type { PlanBuffer, PlanBuilder, PlanDispatch, PlanModule } from './plan.ts';
import { rowsGrid, rowsModule } from './rowKernels.ts';
import { scoresModule, tileGrid } from './standardForward.ts';
import { unplannable } from './unplannable.ts';

type Conditions = NonNullable<ModuleRequest['conditions']>;

/** dV = P^T dO; dP = dO V^T; dS; dQ = dS K; dK = dS^T Q. `conditions` hold for all five kernels. */
export function gradientModules(
  problem: Problem,
  tiling: Tiling,
  conditions: Conditions,
): Record<'dv' | 'dp' | 'ds' | 'dq' | 'dk', PlanModule> {
  const { headDim, headDimV } = problem;
  const chunks = (width: number) => Math.ceil(width / tiling.dc);
  const make = (request: ModuleRequest) =>
    problemModule(problem, tiling, { ...request, conditions: { ...conditions, ...request.conditions } });
  return {
    dv: make({
      id: 'dv',
      source: 'standard/key_gradients',
      conditions: { VALUES: true },
      tensors: [
        { name: 'dout', binding: 2, access: 'read' },
        { name: 'dv', binding: 3, access: 'write' },
      ],
      sumChunks: chunks(headDimV),
    }),
    dp: make({
      id: 'dp',
      source: 'standard/scores',
      conditions: { GRADIENT: true },
      tensors: [
        { name: 'dout', binding: 2, access: 'read' },
        { name: 'v', binding: 3, access: 'read' },
      ],
      rowTileVec4s: tiling.br * (tiling.dc / 4 + 1),
    }),
    ds: rowsModule(
      problem,
      tiling,
      { id: 'ds', source: 'standard/score_gradients', conditions },
      problem.seqLenKv,
    ),
    dq: make({
      id: 'dq',
      source: 'standard/output',
      conditions: { GRADIENT: true },
      tensors: [
        { name: 'k', binding: 3, access: 'read' },
        { name: 'dq', binding: 4, access: 'write' },
      ],
      sumChunks: chunks(headDim),
    }),
    dk: make({
      id: 'dk',
      source: 'standard/key_gradients',
      tensors: [
        { name: 'q', binding: 2, access: 'read' },
        { name: 'dk', binding: 3, access: 'write' },
      ],
      sumChunks: chunks(headDim),
    }),
  };
}

/**
 * The five as dispatches of a slice. `masked`: they look the mask up; `softcap`: dS takes its slope;
 * `dropped`: dV takes P as dropout left it, which is kept beside P.
 */
export function gradientDispatches(
  problem: Problem,
  tiling: Tiling,
  limits: DeviceLimits,
  slice: HeadSlice,
  modules: ReturnType<typeof gradientModules>,
  { masked, softcap, dropped }: { masked: boolean; softcap: boolean; dropped: boolean },
): Record<keyof ReturnType<typeof gradientModules>, PlanDispatch> {
  const { rowTiles, keyTiles } = tileGrid(problem, tiling);
  const keyGrid: [number, number, number] = [
    Math.ceil(problem.seqLenKv / tiling.br),
    (slice.heads * problem.kvHeads) / problem.heads,
    1,
  ];
  const rowGrid: [number, number, number] = [rowTiles, slice.heads, 1];
  const uses = masked ? (['mask'] as const) : [];
  const dispatch = (
    stage: keyof typeof modules,
    grid: [number, number, number],
    bound: Pick<Parameters<typeof sliceDispatch>[3], 'matrices' | 'keptMatrices'>,
  ) => sliceDispatch(problem, slice, limits, { stage, module: modules[stage], grid, ...bound, uses });
  return {
    dv: dispatch('dv', keyGrid, { keptMatrices: [{ name: dropped ? 'dropped' : 'p', binding: 5 }] }),
    dp: dispatch('dp', [keyTiles, rowTiles, slice.heads], { matrices: [{ name: 'dp', binding: 5 }] }),
    ds: dispatch('ds', rowsGrid(problem, slice), {
      matrices: [
        { name: 'dp', binding: 5 },
        { name: 'ds', binding: 6 },
      ],
      keptMatrices: [{ name: 'p', binding: 4 }, ...(softcap ? [{ name: 'slope', binding: 7 }] : [])],
    }),
    dq: dispatch('dq', rowGrid, { matrices: [{ name: 'ds', binding: 6 }] }),
    dk: dispatch('dk', keyGrid, { matrices: [{ name: 'ds', binding: 5 }] }),
  };
}

/** Tensors, options, kept matrices, and the two scratch matrices of a backward pass that keeps P. */
export function keptBuffers(problem: Problem, tiling: Tiling, kept: readonly string[]): PlanBuffer[] {
  return [
    ...(['q', 'k', 'v', 'dout'] as const).map((name) => inputBuffer(problem, name)),
    ...optionBuffers(problem),
    ...kept.map((name) => keptMatrixBuffer(problem, name)),
    ...(['dq', 'dk', 'dv'] as const).map((name) => outputBuffer(problem, name)),
    matrixBuffer(problem, 'dp', tiling),
    matrixBuffer(problem, 'ds', tiling),
  ];
}

/** Why a backward pass that keeps matrices of every head does not fit the device; null where it does. */
export function keptUnplannable(
  algorithm: string,
  problem: Problem,
  tiling: Tiling,
  limits: DeviceLimits,
): string | null {
  const scratch = { bytesPerHead: keptBytes(problem), words: 'a matrix of probabilities' };
  const reason = unplannable(algorithm, problem, tiling, limits, scratch, keptTensors);
  if (reason) return reason;
  const { bytes } = keptMatrixSize(problem, 'p');
  if (bytes <= limits.maxBufferSize) return null;
  return (
    `${algorithm} backward keeps the probabilities of every head, ${formatBytes(bytes)} (${bytes} bytes); ` +
    `this device's buffers hold at most ${formatBytes(limits.maxBufferSize)} (${limits.maxBufferSize} bytes, ` +
    'maxBufferSize). Use a smaller batch, fewer heads or a shorter sequence'
  );
}

/** The scratch in which the prologue has S; dP takes it later. */
const scoresInDp = { name: 'dp', binding: 5 };

/**
 * FlashAttention paper, Algorithm 3. The prologue is the forward pass as far as P, which is kept for every
 * head, by the softmax kernel in `softmax`; with a softcap its slope is kept too.
 */
export function standardBackwardBuilder(
  algorithm: string,
  softmax: Pick<ModuleRequest, 'source' | 'conditions' | 'constants'>,
): PlanBuilder {
  return (problem, tiling, limits) => {
    const reason = keptUnplannable(algorithm, problem, tiling, limits);
    if (reason) return { ok: false, reason };
    const softcap = problem.softcap !== null;
    const modules = gradientModules(problem, tiling, {});
    const scores = scoresModule(problem, tiling, { id: 'scores', conditions: { INTO_DP: true } });
    const slope = scoresModule(problem, tiling, { id: 'slope', conditions: { SLOPE: true } });
    const probabilities = rowsModule(
      problem,
      tiling,
      { ...softmax, id: 'softmax', conditions: { ...softmax.conditions, FROM_DP: true } },
      problem.seqLenKv,
    );
    const slices = headSlices(problem, tiling);
    const { rowTiles, keyTiles } = tileGrid(problem, tiling);
    return {
      ok: true,
      plan: {
        algorithm,
        pass: 'backward',
        problem,
        tiling,
        buffers: keptBuffers(problem, tiling, keptMatrices(problem)),
        modules: [scores, probabilities, ...(softcap ? [slope] : []), ...Object.values(modules)],
        prologue: slices.flatMap((slice) => [
          sliceDispatch(problem, slice, limits, {
            stage: scores.id,
            module: scores,
            grid: [keyTiles, rowTiles, slice.heads],
            matrices: [scoresInDp],
            uses: ['mask', 'scores'],
          }),
          sliceDispatch(problem, slice, limits, {
            stage: probabilities.id,
            module: probabilities,
            grid: rowsGrid(problem, slice),
            matrices: [scoresInDp],
            keptMatrices: [{ name: 'p', binding: 6 }],
            uses: ['mask', 'sinks'],
          }),
          ...(softcap
            ? [
                sliceDispatch(problem, slice, limits, {
                  stage: slope.id,
                  module: slope,
                  grid: [keyTiles, rowTiles, slice.heads],
                  keptMatrices: [{ name: 'slope', binding: 5 }],
                  uses: ['mask'],
                }),
              ]
            : []),
        ]),
        dispatches: slices.flatMap((slice) => {
          const each = gradientDispatches(problem, tiling, limits, slice, modules, {
            masked: true,
            softcap,
            dropped: false,
          });
          return standardBackwardStages.map((stage) => each[stage]);
        }),
        stages: [...standardBackwardStages],
      },
    };
  };
}
