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
import { biasBuffer, type MatrixBuffer, statisticBuffer } from '../walk/regions.ts';
import type { SliceWalk, StageWalk } from '../walk/walk.ts';

const load = (on: MatrixBuffer): MatrixUse => ({ on, kind: 'load' });
const store = (on: MatrixBuffer): MatrixUse => ({ on, kind: 'store' });

/** Scores with what the options add to them, softmax, output; `softmaxReads` as in the cost. */
export function standardWalk(softmaxReads: number): SliceWalk {
  return (problem, tiling, slice, join = 1): StageWalk[] => {
    const pass: MatrixPass = { problem, tiling, slice, join };
    const { unit, tensor, scratch } = forwardRegions(pass);
    const bias = biasBuffer(problem, unit);
    const [s, p] = [scratch('s'), scratch('p')];
    return [
      rowProductStage(pass, 'scores', tensor('q'), tensor('k'), [...(bias ? [load(bias)] : []), store(s)]),
      rowwiseStage(pass, 'softmax', softmaxSweeps(softmaxReads, s, p)),
      weightedSumStage(pass, 'output', p, tensor('v'), tensor('o')),
    ];
  };
}

/** One sweep over the scores; exponentials are stored in words of `perWord` keys, beside their row sums. */
export function standardUnsafeWalk(perWord: (problem: Parameters<SliceWalk>[0]) => number): SliceWalk {
  return (problem, tiling, slice, join = 1): StageWalk[] => {
    const pass: MatrixPass = { problem, tiling, slice, join };
    const { unit, tensor, scratch } = forwardRegions(pass);
    const bias = biasBuffer(problem, unit);
    const [s, p] = [scratch('s'), scratch('p', perWord(problem))];
    const l = statisticBuffer(problem, 'l', unit.rows);
    return [
      rowProductStage(pass, 'scores', tensor('q'), tensor('k'), [...(bias ? [load(bias)] : []), store(s)]),
      rowwiseStage(pass, 'softmax', softmaxSweeps(1, s, p), l),
      weightedSumStage(pass, 'output', p, tensor('v'), tensor('o'), l),
    ];
  };
}

/** FlashAttention, Algorithm 3: P (and the slope of the softcap) kept, dP and dS scratch of the slice. */
export const standardBackwardWalk: SliceWalk = (problem, tiling, slice, join = 1): StageWalk[] => {
  const pass: MatrixPass = { problem, tiling, slice, join };
  const { tensor, scratch, kept } = backwardRegions(pass);
  const [dp, ds, p] = [scratch('dp'), scratch('ds'), kept('p')];
  const slope = problem.softcap === null ? [] : [load(kept('slope'))];
  return [
    keySumStage(pass, 'dv', p, tensor('dout'), tensor('dv')),
    rowProductStage(pass, 'dp', tensor('dout'), tensor('v'), [store(dp)]),
    rowwiseStage(pass, 'ds', [
      [load(dp), load(p)],
      [load(dp), load(p), ...slope, store(ds)],
    ]),
    weightedSumStage(pass, 'dq', ds, tensor('k'), tensor('dq')),
    keySumStage(pass, 'dk', ds, tensor('q'), tensor('dk')),
  ];
};
