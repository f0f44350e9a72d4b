import { type Execution, isNeverCut, kernelKey } from './execution.ts';
import type { PartialRun } from './measurement.ts';
import { targetSliceMs } from './pace.ts';
import type { SlicedRun } from './runner.ts';
import { groupsIn, nextBox } from './slices.ts';
import { sum } from './statistics.ts';
import type { Binds, Submitter } from './submitter.ts';

/**
 * How far a stopped run came, and how long the whole would take. Kernels that the run did not reach are
 * tried on a few workgroups first; what they compute is never looked at.
 */
export async function partialRun(
  execution: Execution,
  submitter: Submitter,
  binds: Binds,
  run: SlicedRun,
): Promise<PartialRun> {
  const { plan, pace } = execution;
  await tryUnreached(execution, submitter, binds);
  const remainingMs = sum(
    plan.dispatches.map((dispatch, index) =>
      pace.project(
        `${binds.variant} ${kernelKey(dispatch)}`,
        groupsIn(dispatch.grid) - run.groupsDone[index]!,
      ),
    ),
  );
  return {
    slicesDone: run.slicesMs.length,
    slices: run.slicesMs.length + Math.ceil(remainingMs / targetSliceMs),
    elapsedMs: run.wallMs,
    predictedMs: run.wallMs + remainingMs,
    slicesMs: run.slicesMs,
  };
}

/** One workgroup, which pays for what a driver does at first use, then up to four. */
async function tryUnreached(execution: Execution, submitter: Submitter, binds: Binds): Promise<void> {
  const { plan, pace, guarded, reporter } = execution;
  const maxPerDimension = guarded.device.limits.maxComputeWorkgroupsPerDimension;
  for (const [index, dispatch] of plan.dispatches.entries()) {
    const kernel = `${binds.variant} ${kernelKey(dispatch)}`;
    // A dispatch that cannot be cut cannot be tried either.
    if (pace.knows(kernel) || isNeverCut(dispatch)) continue;
    for (const wanted of [1, 4]) {
      const groups = pace.knows(kernel) ? Math.max(1, pace.allow(kernel, targetSliceMs, 0)) : 1;
      const box = nextBox(dispatch.grid, 0, Math.min(wanted, groups), maxPerDimension);
      reporter.report('run', dispatch.stage, 1);
      const { passMs, wallMs } = await submitter.submit(binds, [[{ dispatch: index, box, copy: 0 }]], 0);
      pace.learn([{ kernel, groups: groupsIn(box.extent) }], passMs?.[0] || wallMs);
    }
  }
}
