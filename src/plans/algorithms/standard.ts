import { standardStages } from '../../attention/cost/standard.ts';
import {
  headSlices,
  inputBuffer,
  matrixBuffer,
  optionBuffers,
  outputBuffer,
  sliceDispatch,
} from '../layout.ts';
import { problemModule } from '../modules.ts';
import type { PlanBuilder } from '../plan.ts';
import { rowsGrid, rowsModule } from '../rowKernels.ts';
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
  const softmaxModule = rowsModule(
    problem,
    tiling,
    { id: softmax, source: 'standard/softmax' },
    problem.seqLenKv,
  );
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
          uses: ['mask', 'scores'],
        }),
        sliceDispatch(problem, slice, limits, {
          stage: softmax,
          module: softmaxModule,
          grid: rowsGrid(problem, slice),
          matrices: [s, p],
          uses: ['mask', 'sinks'],
        }),
        sliceDispatch(problem, slice, limits, {
          stage: output,
          module: outputModule,
          grid: [rowTiles, slice.heads, 1],
          matrices: [p],
          uses: ['mask'],
        }),
      ]),
      stages: [...standardStages],
    },
  };
};
