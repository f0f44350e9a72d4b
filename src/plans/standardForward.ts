import { scoreBytes, standardStages } from '../attention/cost/standard.ts';
import type { Problem } from '../attention/problem.ts';
import type { Tiling } from '../attention/tiling.ts';
import { forwardInputs, headSlices, matrixBuffer, outputBuffer, sliceDispatch } from './layout.ts';
import { type ModuleRequest, problemModule } from './modules.ts';
import type { PlanBuilder, PlanModule } from './plan.ts';
import { rowsGrid, rowsModule } from './rowKernels.ts';
import { unplannable } from './unplannable.ts';

const s = { name: 's', binding: 5 };
const p = { name: 'p', binding: 6 };

/** S = Q K^T and what the options make of it; conditions as kernels/standard/scores.wesl has them. */
export function scoresModule(
  problem: Problem,
  tiling: Tiling,
  request: Pick<ModuleRequest, 'id' | 'conditions'>,
): PlanModule {
  return problemModule(problem, tiling, {
    ...request,
    source: 'standard/scores',
    tensors: [
      { name: 'q', binding: 2, access: 'read' },
      { name: 'k', binding: 3, access: 'read' },
    ],
    rowTileVec4s: tiling.br * (tiling.dc / 4 + 1),
  });
}

/** O = P V. */
export function outputModule(
  problem: Problem,
  tiling: Tiling,
  request: Pick<ModuleRequest, 'id' | 'conditions'>,
): PlanModule {
  return problemModule(problem, tiling, {
    ...request,
    source: 'standard/output',
    tensors: [
      { name: 'v', binding: 3, access: 'read' },
      { name: 'o', binding: 4, access: 'write' },
    ],
    sumChunks: Math.ceil(problem.headDimV / tiling.dc),
  });
}

/** Tiles of the score matrix on either side. */
export function tileGrid({ seqLenQ, seqLenKv }: Problem, { br, bc }: Tiling) {
  return { rowTiles: Math.ceil(seqLenQ / br), keyTiles: Math.ceil(seqLenKv / bc) };
}

/** Three dispatches per slice of heads; every slice reuses the same S and P. `softmax` is the kernel's file. */
export function standardForwardBuilder(algorithm: string, softmaxSource: string): PlanBuilder {
  return (problem, tiling, limits) => {
    const reason = unplannable(algorithm, problem, tiling, limits, {
      bytesPerHead: scoreBytes(problem),
      words: 'a score matrix',
    });
    if (reason) return { ok: false, reason };
    const [scores, softmax, output] = standardStages;
    const modules = {
      scores: scoresModule(problem, tiling, { id: scores }),
      softmax: rowsModule(problem, tiling, { id: softmax, source: softmaxSource }, problem.seqLenKv),
      output: outputModule(problem, tiling, { id: output }),
    };
    const { rowTiles, keyTiles } = tileGrid(problem, tiling);
    return {
      ok: true,
      plan: {
        algorithm,
        pass: 'forward',
        problem,
        tiling,
        buffers: [
          ...forwardInputs(problem),
          outputBuffer(problem, 'o'),
          matrixBuffer(problem, 's', tiling),
          matrixBuffer(problem, 'p', tiling),
        ],
        modules: Object.values(modules),
        prologue: [],
        dispatches: headSlices(problem, tiling).flatMap((slice) => [
          sliceDispatch(problem, slice, limits, {
            stage: scores,
            module: modules.scores,
            grid: [keyTiles, rowTiles, slice.heads],
            matrices: [s],
            uses: ['mask', 'scores'],
          }),
          sliceDispatch(problem, slice, limits, {
            stage: softmax,
            module: modules.softmax,
            grid: rowsGrid(problem, slice),
            matrices: [s, p],
            uses: ['mask', 'sinks'],
          }),
          sliceDispatch(problem, slice, limits, {
            stage: output,
            module: modules.output,
            grid: [rowTiles, slice.heads, 1],
            matrices: [p],
            uses: ['mask'],
          }),
        ]),
        stages: [...standardStages],
      },
    };
  };
}
