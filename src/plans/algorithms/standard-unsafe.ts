import { scoreBytes, standardStages } from '../../attention/cost/standard.ts';
import { exponentialsSize, keysPerWord } from '../../attention/cost/standardUnsafe.ts';
import type { DeviceLimits } from '../../attention/limits.ts';
import type { Problem } from '../../attention/problem.ts';
import type { Tiling } from '../../attention/tiling.ts';
import {
  forwardInputs,
  headSlices,
  matrixBuffer,
  outputBuffer,
  rowStatisticBuffer,
  sliceDispatch,
} from '../layout.ts';
import type { Plan, PlanBuffer, PlanBuilder } from '../plan.ts';
import { rowsGrid, rowsModule } from '../rowKernels.ts';
import { standardBackwardBuilder } from '../standardBackward.ts';
import { outputModule, scoresModule, tileGrid } from '../standardForward.ts';
import { unplannable } from '../unplannable.ts';

const algorithm = 'standard-unsafe';

/** The softmax kernel's constants and conditions: how the exponentials are stored. */
function softmaxRequest(problem: Problem) {
  return {
    source: 'standard-unsafe/softmax',
    conditions: { F16: problem.dtype === 'f16', BF16: problem.dtype === 'bf16' },
    constants: { KEYS_PER_WORD: keysPerWord(problem) },
  };
}

/** A softmax with no maximum subtracted. What overflows is shown, not refused: the plan says that it may. */
export const plan: PlanBuilder = (problem, tiling, limits, pass) => {
  if (pass === 'backward') {
    const build = standardBackwardBuilder(algorithm, softmaxRequest(problem));
    const result = build(problem, tiling, limits, pass);
    return result.ok ? { ok: true, plan: { ...result.plan, mayOverflow: true } } : result;
  }
  const scratch = { bytesPerHead: scoreBytes(problem), words: 'a score matrix' };
  const reason = unplannable(algorithm, problem, tiling, limits, scratch);
  return reason ? { ok: false, reason } : { ok: true, plan: forwardPlan(problem, tiling, limits) };
};

function forwardPlan(problem: Problem, tiling: Tiling, limits: DeviceLimits): Plan {
  const [scores, softmax, output] = standardStages;
  const request = softmaxRequest(problem);
  const modules = {
    scores: scoresModule(problem, tiling, { id: scores }),
    softmax: rowsModule(problem, tiling, { id: softmax, ...request }, problem.seqLenKv),
    output: outputModule(problem, tiling, {
      id: output,
      conditions: { ...request.conditions, UNNORMALISED: true, HALVES: problem.dtype !== 'f32' },
    }),
  };
  const { rowTiles, keyTiles } = tileGrid(problem, tiling);
  const exponentials: PlanBuffer = {
    ...exponentialsSize(problem, tiling.headsPerSlice),
    role: 'scratch',
    elements: { dtype: problem.dtype, width: 1 },
    fill: { kind: 'poison' },
  };
  const p = { name: exponentials.name, binding: 6, bytes: exponentials.bytes };
  const l = { name: 'l', binding: 7 };
  const s = { name: 's', binding: 5 };
  return {
    algorithm,
    pass: 'forward',
    problem,
    tiling,
    buffers: [
      ...forwardInputs(problem),
      outputBuffer(problem, 'o'),
      matrixBuffer(problem, 's', tiling),
      exponentials,
      rowStatisticBuffer(problem, 'l', 'scratch'),
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
        matrices: [s],
        whole: [p],
        statistics: [l],
        uses: ['mask', 'sinks'],
      }),
      sliceDispatch(problem, slice, limits, {
        stage: output,
        module: modules.output,
        grid: [rowTiles, slice.heads, 1],
        whole: [p],
        statistics: [l],
        uses: ['mask'],
      }),
    ]),
    stages: [...standardStages],
    mayOverflow: true,
  };
}
