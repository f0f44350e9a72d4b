import { standardStages } from '../../attention/cost/standard.ts';
import type { Problem } from '../../attention/problem.ts';
import { headSlices, inputBuffers, matrixBuffer, outputBuffer, tileModule, unplannable } from '../layout.ts';
import { groupOffsetWord } from '../params.ts';
import type { PlanBinding, PlanBuilder, PlanDispatch, PlanModule } from '../plan.ts';

/** Three dispatches per slice of heads; every slice reuses the same S and P. */
export const plan: PlanBuilder = (problem, tiling, limits) => {
  const matrixPerHead = problem.seqLenQ * problem.seqLenKv * 4;
  const reason = unplannable('standard', problem, tiling, limits, {
    bytesPerHead: matrixPerHead,
    words: 'a score matrix',
  });
  if (reason) return { ok: false, reason };
  const [scores, softmax, output] = standardStages;
  const dispatches: PlanDispatch[] = headSlices(problem, tiling, limits).flatMap((slice) => {
    const s: PlanBinding = { binding: 5, buffer: 's', offset: 0, size: slice.heads * matrixPerHead };
    const p: PlanBinding = { binding: 6, buffer: 'p', offset: 0, size: slice.heads * matrixPerHead };
    const common = { entryPoint: 'main', params: slice.params, groupOffsetWord };
    const rowTiles = Math.ceil(problem.seqLenQ / tiling.br);
    const keyTiles = Math.ceil(problem.seqLenKv / tiling.bc);
    return [
      {
        ...common,
        stage: scores,
        module: 'scores',
        grid: [keyTiles, rowTiles, slice.heads],
        bindings: [slice.q, slice.k, s],
      },
      {
        ...common,
        stage: softmax,
        module: 'softmax',
        grid: [Math.ceil(problem.seqLenQ / rowsPerGroup), slice.heads, 1],
        bindings: [s, p],
      },
      {
        ...common,
        stage: output,
        module: 'output',
        grid: [rowTiles, slice.heads, 1],
        bindings: [slice.v, slice.o, p],
      },
    ] satisfies PlanDispatch[];
  });
  return {
    ok: true,
    plan: {
      algorithm: 'standard',
      pass: 'forward',
      problem,
      tiling,
      buffers: [
        ...inputBuffers(problem),
        outputBuffer(problem),
        matrixBuffer(problem, 's', tiling),
        matrixBuffer(problem, 'p', tiling),
      ],
      modules: [
        tileModule('scores', 'standard/scores', problem, tiling),
        softmaxModule(problem),
        tileModule('output', 'standard/output', problem, tiling),
      ],
      dispatches,
      stages: [...standardStages],
    },
  };
};

const rowsPerGroup = 4;

/** Invocations that share a row: a power of two, no more than the row has work for. */
function softmaxModule(problem: Problem): PlanModule {
  const wanted = Math.max(4, Math.min(32, problem.seqLenKv / 4));
  return {
    id: 'softmax',
    source: 'standard/softmax',
    conditions: {},
    constants: { LANES: 2 ** Math.floor(Math.log2(wanted)), ROWS: rowsPerGroup },
  };
}
