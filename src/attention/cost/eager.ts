import type { Problem } from '../problem.ts';
import type { Tiling } from '../tiling.ts';
import { type Access, sumTraffic } from '../traffic.ts';
import { elementAccess } from './accesses.ts';
import type { AlgorithmPass, Cost } from './cost.ts';
import { eagerHas, unmasked } from './eagerProblem.ts';
import { eagerBackwardWalk, eagerForwardWalk } from './eagerWalk.ts';
import { backwardFlops, forwardFlops } from './flops.ts';
import {
  rowProductAccesses,
  scoreBytes,
  standardShapes,
  standardWorkgroupMemory,
  weightedSumAccesses,
} from './standard.ts';
import {
  keptBytes,
  keptMatrices,
  keptMemory,
  keySumAccesses,
  softmaxGradientAccesses,
  standardBackwardShapes,
} from './standardBackward.ts';
import { exactMemory, forwardTensors, matrixSize } from './tensors.ts';
import { tileCounts, tileSums } from './tileSums.ts';
import { gridOf, type StageShape, stageWork } from './work.ts';

export { eagerHas } from './eagerProblem.ts';

const allForwardStages = ['scores', 'scale', 'mask', 'softmax', 'dropout', 'output'] as const;
const allBackwardStages = ['dv', 'dp', 'dropout', 'softmax', 'mask', 'scale', 'dq', 'dk'] as const;

export type EagerForwardStage = (typeof allForwardStages)[number];
export type EagerBackwardStage = (typeof allBackwardStages)[number];

const withWork = <Stage extends string>(problem: Problem, stages: readonly Stage[]): Stage[] => {
  const has = eagerHas(problem);
  return stages.filter((stage) => (stage !== 'mask' || has.mask) && (stage !== 'dropout' || has.dropout));
};

export const eagerForwardStages = (problem: Problem) => withWork(problem, allForwardStages);
export const eagerBackwardStages = (problem: Problem) => withWork(problem, allBackwardStages);

/** Elements of one head's matrix, over the whole batch. */
const matrixElements = ({ batch, seqLenQ, seqLenKv }: Problem) => batch * seqLenQ * seqLenKv;

/** An operation in place: every element of a matrix read and written. */
function inPlace(problem: Problem, stage: string, buffer: string): Access[] {
  const count = matrixElements(problem);
  return [
    elementAccess(problem, { stage, buffer, kind: 'load' }, count),
    elementAccess(problem, { stage, buffer, kind: 'store' }, count),
  ];
}

const loads = (problem: Problem, stage: string, buffer: string, times = 1) =>
  elementAccess(problem, { stage, buffer, kind: 'load' }, times * matrixElements(problem));

function forwardAccesses(problem: Problem, tiling: Tiling): Access[] {
  const whole = unmasked(problem);
  const has = eagerHas(problem);
  return [
    ...rowProductAccesses(whole, tiling, { stage: 'scores', rows: 'q', keys: 'k', product: 's' }),
    ...inPlace(problem, 'scale', 's'),
    ...(problem.bias ? [loads(problem, 'scale', 'bias')] : []),
    ...(has.mask ? inPlace(problem, 'mask', 's') : []),
    loads(problem, 'softmax', 's', 3),
    elementAccess(problem, { stage: 'softmax', buffer: 'p', kind: 'store' }, matrixElements(problem)),
    ...(has.dropout ? inPlace(problem, 'dropout', 'p') : []),
    ...weightedSumAccesses(whole, tiling, { stage: 'output', weights: 'p', keys: 'v', sums: 'o' }),
  ];
}

function backwardAccesses(problem: Problem, tiling: Tiling): Access[] {
  const whole = unmasked(problem);
  const has = eagerHas(problem);
  const weights = has.dropout ? 'dropped' : 'p';
  return [
    ...keySumAccesses(whole, tiling, { stage: 'dv', weights, rows: 'dout', sums: 'dv' }),
    ...rowProductAccesses(whole, tiling, { stage: 'dp', rows: 'dout', keys: 'v', product: 'dp' }),
    ...(has.dropout ? inPlace(problem, 'dropout', 'dp') : []),
    ...softmaxGradientAccesses(whole, 'softmax'),
    ...(has.mask ? inPlace(problem, 'mask', 'ds') : []),
    ...inPlace(problem, 'scale', 'ds'),
    ...(problem.softcap === null ? [] : [loads(problem, 'scale', 'slope')]),
    ...weightedSumAccesses(whole, tiling, { stage: 'dq', weights: 'ds', keys: 'k', sums: 'dq' }),
    ...keySumAccesses(whole, tiling, { stage: 'dk', weights: 'ds', rows: 'q', sums: 'dk' }),
  ];
}

/** No tile is skipped, whatever the mask. */
const everyTile = (problem: Problem, tiling: Tiling): Cost['tiles'] =>
  tileCounts(problem, tileSums(unmasked(problem), tiling.br, tiling.bc));

/** The stages that standard attention has too, and the elementwise ones between them, in their order. */
function shapesOf(
  problem: Problem,
  tiling: Tiling,
  stages: readonly string[],
  shared: readonly StageShape[],
): StageShape[] {
  const { rowGroups } = gridOf(problem, tiling);
  return stages.map((stage) => {
    const same = shared.find((shape) => shape.stage === (stage === 'softmax' ? softmaxOf(shared) : stage));
    return { ...(same ?? { perHead: rowGroups }), stage };
  });
}

/** What standard attention calls the softmax's stage: backward it is dS. */
const softmaxOf = (shared: readonly StageShape[]) =>
  shared.some(({ stage }) => stage === 'ds') ? 'ds' : 'softmax';

/**
 * What an unfused framework runs: one dispatch for each operation, every one over the whole N x M matrix,
 * with elementwise operations in place. Per element of the matrix: one store of the scores, a load and a
 * store for each of scale, mask and dropout, three loads and a store of the softmax, one load of the output.
 */
export const eagerForward: AlgorithmPass = {
  stages: allForwardStages,
  workgroupMemory: standardWorkgroupMemory,
  scratchPerHead: scoreBytes,
  walk: eagerForwardWalk,
  cost: (problem, tiling) => ({
    traffic: sumTraffic('exact', eagerForwardStages(problem), forwardAccesses(problem, tiling)),
    flops: { ...forwardFlops(problem), exact: forwardFlops(unmasked(problem)).exact },
    work: stageWork(
      problem,
      tiling,
      shapesOf(problem, tiling, eagerForwardStages(problem), standardShapes(problem, tiling, 2)),
      matrixElements(problem),
    ),
    tiles: everyTile(problem, tiling),
    memory: exactMemory([
      ...forwardTensors(problem),
      matrixSize(problem, 's', tiling.headsPerSlice),
      matrixSize(problem, 'p', tiling.headsPerSlice),
    ]),
  }),
};

/** Matrices that automatic differentiation keeps: P, what dropout made of it, the slope of the softcap. */
export function eagerKept(problem: Problem): string[] {
  return [...keptMatrices(problem), ...(eagerHas(problem).dropout ? ['dropped'] : [])];
}

/** The same chain backwards, operation by operation, on kept matrices. */
export const eagerBackward: AlgorithmPass = {
  stages: allBackwardStages,
  workgroupMemory: standardWorkgroupMemory,
  scratchPerHead: keptBytes,
  walk: eagerBackwardWalk,
  cost: (problem, tiling) => {
    const dims = 2 * (problem.headDim + problem.headDimV);
    return {
      traffic: sumTraffic('exact', eagerBackwardStages(problem), backwardAccesses(problem, tiling)),
      flops: { ...backwardFlops(problem, dims), exact: backwardFlops(unmasked(problem), dims).exact },
      work: stageWork(
        problem,
        tiling,
        shapesOf(problem, tiling, eagerBackwardStages(problem), standardBackwardShapes(problem, tiling)),
        matrixElements(problem),
      ),
      tiles: everyTile(problem, tiling),
      memory: exactMemory(keptMemory(problem, tiling, eagerKept(problem))),
    };
  },
};
