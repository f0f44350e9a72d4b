import { sleep, throwIfCancelled } from './cancellation.ts';
import { type Execution, isNeverCut, kernelKey } from './execution.ts';
import type { MeasureProgress } from './measurement.ts';
import { targetSliceMs } from './pace.ts';
import { groupsIn, nextBox } from './slices.ts';
import { sum } from './statistics.ts';
import { type Binds, type Launch, maxPassesPerSubmission, type Submitter } from './submitter.ts';

export interface SlicedRun {
  completed: boolean;
  /** Wall time of each submission, in order. */
  slicesMs: number[];
  /** Device time by stage; wall time where the device has no timestamps. */
  stageMs: Map<string, number>;
  deviceMs: number;
  wallMs: number;
  /** Workgroups of each dispatch that are done. */
  groupsDone: number[];
}

export interface SliceOptions {
  phase: MeasureProgress['phase'];
  /** Where in its phase this run lies, for progress. */
  within?: [number, number];
  /** On the clock of `performance.now()`; the run ends unfinished with the slice that passes it, or the first. */
  deadline: number;
  copy?: number;
}

/** The next submission: consecutive launches, a pass for each stretch of one stage. */
interface Batch {
  passes: Launch[][];
  stages: string[];
  work: { kernel: string; groups: number }[];
  predictedMs: number;
}

/**
 * Runs the whole plan in submissions of about `targetSliceMs` each, with an idle device between them.
 * The pace is learned on the way. Throws `AbortError` when cancelled.
 */
export async function runSliced(
  execution: Execution,
  submitter: Submitter,
  binds: Binds,
  options: SliceOptions,
): Promise<SlicedRun> {
  const { plan, pace, reporter, signal } = execution;
  const [from, to] = options.within ?? [0, 1];
  const run: SlicedRun = {
    completed: false,
    slicesMs: [],
    stageMs: new Map(plan.stages.map((stage) => [stage, 0])),
    deviceMs: 0,
    wallMs: 0,
    groupsDone: plan.dispatches.map(() => 0),
  };
  const allGroups = sum(plan.dispatches.map((dispatch) => groupsIn(dispatch.grid)));
  const position = { dispatch: 0, group: 0 };
  while (position.dispatch < plan.dispatches.length) {
    throwIfCancelled(signal);
    if (run.slicesMs.length > 0 && performance.now() >= options.deadline) return run;
    const fraction = sum(run.groupsDone) / allGroups;
    const batch = nextBatch(execution, submitter, binds, position, options.copy ?? 0);
    reporter.report(options.phase, batch.stages[0]!, from + (to - from) * fraction, batch.predictedMs);
    const { passMs, wallMs } = await submitter.submit(binds, batch.passes, batch.predictedMs);
    pace.learn(batch.work, honestMs(batch.predictedMs, passMs, wallMs));
    record(run, batch, passMs, wallMs);
    // Lets messages in: a cancellation between two slices shall be seen before the next one starts.
    await sleep(0, signal);
  }
  return { ...run, completed: true };
}

/**
 * The wall time holds the sleep of the predicted time, so a prediction that was too long would confirm
 * itself: the device time is taken, unless the wait went well past the prediction.
 */
function honestMs(predictedMs: number, passMs: number[] | null, wallMs: number): number {
  const deviceMs = passMs ? sum(passMs) : 0;
  return deviceMs > 0 && wallMs < 2 * predictedMs + 5 ? deviceMs : wallMs;
}

function nextBatch(
  execution: Execution,
  submitter: Submitter,
  binds: Binds,
  position: { dispatch: number; group: number },
  copy: number,
): Batch {
  const { plan, pace, guarded } = execution;
  const maxPerDimension = guarded.device.limits.maxComputeWorkgroupsPerDimension;
  const batch: Batch = { passes: [], stages: [], work: [], predictedMs: 0 };
  const taken = new Map<string, number>();
  let launches = 0;
  while (position.dispatch < plan.dispatches.length && launches < submitter.capacity) {
    const dispatch = plan.dispatches[position.dispatch]!;
    const kernel = `${binds.variant} ${kernelKey(dispatch)}`;
    const unknown = !pace.knows(kernel);
    const left = targetSliceMs - batch.predictedMs;
    const already = taken.get(kernel) ?? 0;
    const allowed = pace.allow(kernel, left, already);
    // A kernel of unknown pace runs alone, so that its time is its own.
    if (launches > 0 && (unknown || allowed < 1)) break;
    const size = groupsIn(dispatch.grid);
    const room = isNeverCut(dispatch) ? size : Math.min(size - position.group, Math.max(1, allowed));
    const box = nextBox(dispatch.grid, position.group, room, maxPerDimension);
    const groups = groupsIn(box.extent);
    if (batch.stages.at(-1) !== dispatch.stage) {
      if (batch.passes.length === maxPassesPerSubmission) break;
      batch.passes.push([]);
      batch.stages.push(dispatch.stage);
    }
    batch.passes.at(-1)!.push({ dispatch: position.dispatch, box, copy });
    batch.work.push({ kernel, groups });
    batch.predictedMs += pace.predict(kernel, groups);
    taken.set(kernel, already + groups);
    launches++;
    position.group += groups;
    if (position.group === size) {
      position.dispatch++;
      position.group = 0;
    }
    if (unknown) break;
  }
  return batch;
}

function record(run: SlicedRun, batch: Batch, passMs: number[] | null, wallMs: number): void {
  run.slicesMs.push(wallMs);
  run.wallMs += wallMs;
  const groups = sum(batch.work.map((work) => work.groups));
  let launch = 0;
  for (const [index, pass] of batch.passes.entries()) {
    const inPass = batch.work.slice(launch, launch + pass.length);
    launch += pass.length;
    const share = sum(inPass.map((work) => work.groups)) / groups;
    const milliseconds = passMs ? passMs[index]! : wallMs * share;
    run.deviceMs += milliseconds;
    const stage = batch.stages[index]!;
    run.stageMs.set(stage, (run.stageMs.get(stage) ?? 0) + milliseconds);
    for (const [at, { dispatch }] of pass.entries()) run.groupsDone[dispatch]! += inPass[at]!.groups;
  }
}
