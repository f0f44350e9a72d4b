import { standardStages } from '../../attention/cost/standard.ts';
import type { Problem } from '../../attention/problem.ts';
import type { Tiling } from '../../attention/tiling.ts';
import {
  headSlices,
  inputBuffer,
  matrixBuffer,
  optionBuffers,
  outputBuffer,
  sliceDispatch,
} from '../layout.ts';
import { problemModule } from '../modules.ts';
import type { PlanBuilder, PlanModule } from '../plan.ts';
import { unplannable } from '../unplannable.ts';

const s = { name: 's', binding: 5 };
const p = { name: 'p', binding: 6 };

/** Three dispatches per slice of heads; every slice reuses the same S and P. */
export const plan: PlanBuilder = (problem, tiling, limits) => {
  const reason = unplannable('standard', problem, tiling, limits, {
    bytesPerHead: problem.seqLenQ * problem.seqLenKv * 4,
    words: 'a score matrix',
  });
  if (reason) return { ok: false, reason };
  const [scores, softmax, output] = standardStages;
  const scoresModule = problemModule(problem, tiling, {
    id: scores,
    source: 'standard/scores',
    tensors: [
      { name: 'q', binding: 2, access: 'read' },
      { name: 'k', binding: 3, access: 'read' },
    ],
    rowTileVec4s: tiling.br * (tiling.dc / 4 + 1),
  });
  const softmaxModule = rowsModule(problem, tiling, softmax, 'standard/softmax');
  const outputModule = problemModule(problem, tiling, {
    id: output,
    source: 'standard/output',
    tensors: [
      { name: 'v', binding: 3, access: 'read' },
      { name: 'o', binding: 4, access: 'write' },
    ],
    sumChunks: Math.ceil(problem.headDimV / tiling.dc),
  });
  const rowTiles = Math.ceil(problem.seqLenQ / tiling.br);
  const keyTiles = Math.ceil(problem.seqLenKv / tiling.bc);
  return {
    ok: true,
    plan: {
      algorithm: 'standard',
      pass: 'forward',
      problem,
      tiling,
      buffers: [
        inputBuffer(problem, 'q'),
        inputBuffer(problem, 'k'),
        inputBuffer(problem, 'v'),
        ...optionBuffers(problem),
        outputBuffer(problem, 'o'),
        matrixBuffer(problem, 's', tiling),
        matrixBuffer(problem, 'p', tiling),
      ],
      modules: [scoresModule, softmaxModule, outputModule],
      prologue: [],
      dispatches: headSlices(problem, tiling).flatMap((slice) => [
        sliceDispatch(problem, slice, limits, {
          stage: scores,
          module: scoresModule,
          grid: [keyTiles, rowTiles, slice.heads],
          matrices: [s],
          adjustsScores: true,
        }),
        sliceDispatch(problem, slice, limits, {
          stage: softmax,
          module: softmaxModule,
          grid: [Math.ceil(problem.seqLenQ / rowsPerGroup), slice.heads, 1],
          matrices: [s, p],
        }),
        sliceDispatch(problem, slice, limits, {
          stage: output,
          module: outputModule,
          grid: [rowTiles, slice.heads, 1],
          matrices: [p],
        }),
      ]),
      stages: [...standardStages],
    },
  };
};

/** Rows of a matrix that a workgroup of a row-wise kernel takes. */
export const rowsPerGroup = 4;

/** A row-wise kernel. LANES share a row: a power of two, no more than the row has work for. */
export function rowsModule(problem: Problem, tiling: Tiling, id: string, source: string): PlanModule {
  const wanted = Math.max(4, Math.min(32, problem.seqLenKv / 4));
  return problemModule(problem, tiling, {
    id,
    source,
    constants: { LANES: 2 ** Math.floor(Math.log2(wanted)), ROWS: rowsPerGroup },
  });
}
