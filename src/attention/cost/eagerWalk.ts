import { backwardRegions, forwardRegions } from '../walk/matrices.ts';
import {
  keySumStage,
  type MatrixPass,
  type MatrixUse,
  rowProductStage,
  rowwiseStage,
  softmaxSweeps,
  weightedSumStage,
} from '../walk/matrixStages.ts';
import { biasBuffer, type MatrixBuffer } from '../walk/regions.ts';
import type { SliceWalk, StageWalk } from '../walk/walk.ts';
import { eagerHas, unmasked } from './eagerProblem.ts';

const load = (on: MatrixBuffer): MatrixUse => ({ on, kind: 'load' });
const inPlace = (on: MatrixBuffer): MatrixUse[] => [load(on), { on, kind: 'store' }];

/** Every operation but the products is a sweep over whole rows of the matrix. */
export const eagerForwardWalk: SliceWalk = (problem, tiling, slice, join = 1): StageWalk[] => {
  const pass: MatrixPass = { problem: unmasked(problem), tiling, slice, join };
  const { unit, tensor, scratch } = forwardRegions(pass);
  const has = eagerHas(problem);
  const bias = biasBuffer(problem, unit);
  const [s, p] = [scratch('s'), scratch('p')];
  return [
    rowProductStage(pass, 'scores', tensor('q'), tensor('k'), [{ on: s, kind: 'store' }]),
    rowwiseStage(pass, 'scale', [[load(s), ...(bias ? [load(bias)] : []), { on: s, kind: 'store' }]]),
    ...(has.mask ? [rowwiseStage(pass, 'mask', [inPlace(s)])] : []),
    rowwiseStage(pass, 'softmax', softmaxSweeps(3, s, p)),
    ...(has.dropout ? [rowwiseStage(pass, 'dropout', [inPlace(p)])] : []),
    weightedSumStage(pass, 'output', p, tensor('v'), tensor('o')),
  ];
};

/** The same chain backwards. */
export const eagerBackwardWalk: SliceWalk = (problem, tiling, slice, join = 1): StageWalk[] => {
  const pass: MatrixPass = { problem: unmasked(problem), tiling, slice, join };
  const { tensor, scratch, kept } = backwardRegions(pass);
  const has = eagerHas(problem);
  const [dp, ds, p] = [scratch('dp'), scratch('ds'), kept('p')];
  const slope = problem.softcap === null ? [] : [load(kept('slope'))];
  return [
    keySumStage(pass, 'dv', has.dropout ? kept('dropped') : p, tensor('dout'), tensor('dv')),
    rowProductStage(pass, 'dp', tensor('dout'), tensor('v'), [{ on: dp, kind: 'store' }]),
    ...(has.dropout ? [rowwiseStage(pass, 'dropout', [inPlace(dp)])] : []),
    rowwiseStage(pass, 'softmax', [
      [load(dp), load(p)],
      [load(dp), load(p), { on: ds, kind: 'store' }],
    ]),
    ...(has.mask ? [rowwiseStage(pass, 'mask', [inPlace(ds)])] : []),
    rowwiseStage(pass, 'scale', [[load(ds), ...slope, { on: ds, kind: 'store' }]]),
    weightedSumStage(pass, 'dq', ds, tensor('k'), tensor('dq')),
    keySumStage(pass, 'dk', ds, tensor('q'), tensor('dk')),
  ];
};
