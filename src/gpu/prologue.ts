import type { Execution } from './execution.ts';
import type { PartialRun } from './measurement.ts';
import { partialRun } from './partial.ts';
import { runSliced } from './runner.ts';
import { type Binds, Submitter } from './submitter.ts';
import type { Tensors } from './tensors.ts';

/** Of the progress of the first run. */
export const prologueShare = 0.5;

const stage = 'forward';

/**
 * Runs what the plan takes as given, once, in slices, neither counted nor timed. Null when it is done;
 * where the budget ended first, how far it came, and how long it and one run of the plan would take.
 */
export async function runPrologue(
  execution: Execution,
  tensors: Tensors,
  binds: Binds,
): Promise<PartialRun | null> {
  const { plan, deadline } = execution;
  const dispatches = plan.prologue.map((dispatch) => ({ ...dispatch, stage }));
  const alone: Execution = { ...execution, plan: { ...plan, dispatches, stages: [stage] } };
  // The prologue stands first in both, so that its dispatches have one index.
  const whole: Execution = {
    ...execution,
    plan: { ...plan, dispatches: [...dispatches, ...plan.dispatches], stages: [stage, ...plan.stages] },
  };
  const submitter = await Submitter.create(whole, tensors);
  try {
    const run = await runSliced(alone, submitter, binds, {
      phase: 'run',
      within: [0, prologueShare],
      deadline,
    });
    if (run.completed) return null;
    const groupsDone = [...run.groupsDone, ...plan.dispatches.map(() => 0)];
    return await partialRun(whole, submitter, binds, { ...run, groupsDone });
  } finally {
    submitter.dispose();
  }
}
