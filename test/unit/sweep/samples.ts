import { noOptions, type Problem } from '../../../src/attention/problem.ts';
import { type Axis, parseAxes } from '../../../src/profiler/sweep/axes.ts';
import { type PlannedSweep, planSweep, type SweepJob } from '../../../src/profiler/sweep/sweep.ts';

export const small: Problem = {
  ...{ batch: 1, heads: 2, kvHeads: 2, seqLenQ: 16, seqLenKv: 16, headDim: 8, headDimV: 8 },
  ...noOptions,
  ...{ dtype: 'f32', seed: 3 },
};

export function axesOf(...texts: string[]): Axis[] {
  const axes = parseAxes(texts);
  if (!axes.ok) throw new Error(axes.error);
  return axes.value;
}

export function plannedSweep(job: Partial<SweepJob> = {}): PlannedSweep {
  const planned = planSweep({
    ...{ problem: small, algorithms: ['standard', 'flash2'], passes: ['forward'], adapter: 'auto' },
    ...{ tiling: null, repeats: 3, timeBudgetSeconds: null, shard: null },
    axes: axesOf('seq=16..64'),
    ...job,
  });
  if (!planned.ok) throw new Error(planned.error);
  return planned.value;
}
