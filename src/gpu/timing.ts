import { type Execution, kernelKey } from './execution.ts';
import type { TimeMeasurement } from './measurement.ts';
import { targetSliceMs } from './pace.ts';
import type { Variant } from './pipelines.ts';
import { runSliced, type SlicedRun } from './runner.ts';
import { groupsIn, wholeBoxes } from './slices.ts';
import { median, quartiles, sum } from './statistics.ts';
import { type Binds, type Launch, maxPassesPerSubmission, type Submitter } from './submitter.ts';

/** A sample shall be long against the clock's tick, which is about a microsecond on hardware. */
const minSampleMs = { 'timestamp-query': 2, wall: 20 } as const;
const maxRepeats = 512;

interface Sample {
  deviceMs: number;
  wallMs: number;
  stageMs: Map<string, number>;
}

/**
 * Times the plan: `samples` of them, fewer where the deadline comes first, but one in any case, given
 * that a whole run takes `first` (which then serves as the only sample, cold as it is). `restore` puts buffers
 * back as they were before each run, outside of what is timed; samples are then single runs.
 */
export async function timePlan(
  execution: Execution,
  submitter: Submitter,
  binds: Binds,
  samples: number,
  first: SlicedRun,
  restore?: () => Promise<void>,
): Promise<{ time: TimeMeasurement; cold: boolean }> {
  const passes = wholePasses(execution);
  const launches = sum(passes.map((pass) => pass.launches.length));
  const predictedMs = predictRun(execution, binds.variant, first);
  const fits = predictedMs <= targetSliceMs && launches <= submitter.capacity;
  const taken = fits
    ? await timeWhole(execution, submitter, binds, samples, passes, predictedMs, restore)
    : await timeSliced(execution, submitter, binds, samples, predictedMs, restore);
  const cold = taken.length === 0;
  // A device whose timestamps stand still has none.
  const hasDeviceTimes = submitter.hasTimestamps && first.deviceMs > 0;
  const kept: Sample[] = (cold ? [first] : taken).map((sample) =>
    hasDeviceTimes ? sample : { ...sample, deviceMs: sample.deviceMs || sample.wallMs },
  );
  const { median: medianMs, p25, p75 } = quartiles(kept.map((sample) => sample.deviceMs));
  const withStages = kept.filter((sample) => sample.stageMs.size > 0);
  const time: TimeMeasurement = {
    medianMs,
    p25Ms: p25,
    p75Ms: p75,
    wallMedianMs: median(kept.map((sample) => sample.wallMs)),
    samplesMs: kept.map((sample) => sample.deviceMs),
    stages: execution.plan.stages.map((name) => ({
      name,
      medianMs: withStages.length > 0 ? median(withStages.map(({ stageMs }) => stageMs.get(name) ?? 0)) : 0,
    })),
    clock: hasDeviceTimes ? 'timestamp-query' : 'wall',
  };
  return { time, cold };
}

/** Time of another run of a plan that has run once: that run's, or less where its small first slices were slow. */
export function predictRun({ plan, pace }: Execution, variant: Variant, first: SlicedRun): number {
  const projected = sum(
    plan.dispatches.map((d) => pace.project(`${variant} ${kernelKey(d)}`, groupsIn(d.grid))),
  );
  return Math.min(first.wallMs, projected);
}

/** Long runs: each sample is a run in slices, the sum of its passes. */
async function timeSliced(
  execution: Execution,
  submitter: Submitter,
  binds: Binds,
  samples: number,
  predictedMs: number,
  restore?: () => Promise<void>,
): Promise<Sample[]> {
  const taken: Sample[] = [];
  let expectedMs = predictedMs;
  for (let index = 0; index < samples; index++) {
    if (performance.now() + expectedMs > execution.deadline) break;
    const within: [number, number] = [index / samples, (index + 1) / samples];
    const copy = index % submitter.copies.length;
    const { deadline } = execution;
    await restore?.();
    const run = await runSliced(execution, submitter, binds, { phase: 'time', within, deadline, copy });
    if (!run.completed) break;
    taken.push(run);
    expectedMs = run.wallMs;
  }
  return taken;
}

interface StagePass {
  stage: string;
  launches: Launch[];
}

/** The plan with every dispatch whole, in stretches of one stage. */
function wholePasses({ plan, guarded }: Execution): StagePass[] {
  const { maxComputeWorkgroupsPerDimension } = guarded.device.limits;
  const passes: StagePass[] = [];
  for (const [dispatch, { grid, stage }] of plan.dispatches.entries()) {
    if (passes.at(-1)?.stage !== stage) passes.push({ stage, launches: [] });
    const { launches } = passes.at(-1)!;
    for (const box of wholeBoxes(grid, maxComputeWorkgroupsPerDimension))
      launches.push({ dispatch, box, copy: 0 });
  }
  return passes;
}

/**
 * Short runs: each sample is one pass that holds the whole plan as often as the clock's tick asks for,
 * on rotating copies of the inputs; then, where there are several stages, each stretch of a stage in a
 * pass of its own.
 */
async function timeWhole(
  execution: Execution,
  submitter: Submitter,
  binds: Binds,
  samples: number,
  passes: StagePass[],
  predictedMs: number,
  restore?: () => Promise<void>,
): Promise<Sample[]> {
  const { deadline, reporter, plan } = execution;
  const whole = passes.flatMap(({ launches }) => launches);
  let expectedMs = predictedMs;
  const timed = async (within: number, repeats: number, index = 0): Promise<Sample> => {
    await restore?.();
    reporter.report('time', null, within, expectedMs * repeats);
    const submitted = await submitter.submit(
      binds,
      [repeat(whole, repeats, submitter, index * repeats)],
      expectedMs * repeats,
    );
    const wallMs = submitted.wallMs / repeats;
    const deviceMs = (submitted.passMs?.[0] || submitted.wallMs) / repeats;
    expectedMs = deviceMs;
    return { deviceMs, wallMs, stageMs: new Map() };
  };
  // Warm-up, and the duration that decides how many repeats a sample needs.
  if (performance.now() + expectedMs > deadline) return [];
  let { deviceMs } = await timed(0, 1);
  let repeats = restore ? 1 : repeatsFor(submitter, deviceMs);
  if (repeats > 1 && performance.now() + expectedMs * repeats < deadline) {
    ({ deviceMs } = await timed(0, repeats));
    repeats = repeatsFor(submitter, deviceMs);
  }
  const taken: Sample[] = [];
  const share = plan.stages.length > 1 ? 0.5 : 1;
  for (let index = 0; index < samples; index++) {
    if (performance.now() + expectedMs * repeats > deadline) break;
    taken.push(await timed((share * index) / samples, repeats, index + 1));
  }
  for (const [index, sample] of taken.entries()) {
    if (plan.stages.length === 1) {
      sample.stageMs = new Map([[plan.stages[0]!, sample.deviceMs]]);
      continue;
    }
    if (index > 0 && performance.now() + expectedMs * repeats > deadline) break;
    reporter.report('time', null, share + (share * index) / taken.length, expectedMs * repeats);
    sample.stageMs = await timeStages(
      submitter,
      binds,
      passes,
      repeats,
      expectedMs * repeats,
      index * repeats,
    );
  }
  return taken;
}

/** Device time of one run of each stage; the passes of a stage are summed. */
async function timeStages(
  submitter: Submitter,
  binds: Binds,
  passes: StagePass[],
  repeats: number,
  predictedMs: number,
  firstCopy: number,
): Promise<Map<string, number>> {
  const stageMs = new Map<string, number>();
  // Without timestamps a pass can only be timed as a submission of its own.
  const together = submitter.hasTimestamps ? maxPassesPerSubmission : 1;
  for (let from = 0; from < passes.length; from += together) {
    const some = passes.slice(from, from + together);
    const work = some.map(({ launches }) => repeat(launches, repeats, submitter, firstCopy));
    const { passMs, wallMs } = await submitter.submit(
      binds,
      work,
      (predictedMs * some.length) / passes.length,
    );
    for (const [index, { stage }] of some.entries()) {
      const milliseconds = (passMs?.[index] ?? wallMs) / repeats;
      stageMs.set(stage, (stageMs.get(stage) ?? 0) + milliseconds);
    }
  }
  return stageMs;
}

function repeatsFor(submitter: Submitter, deviceMs: number): number {
  const wanted = minSampleMs[submitter.hasTimestamps ? 'timestamp-query' : 'wall'];
  return Math.min(maxRepeats, Math.max(1, Math.ceil(wanted / Math.max(deviceMs, 1e-6))));
}

/** The launches so often, each time on the next copy of the inputs, starting with `firstCopy`. */
function repeat(
  launches: readonly Launch[],
  times: number,
  submitter: Submitter,
  firstCopy: number,
): Launch[] {
  const copies = submitter.copies.length;
  return Array.from({ length: times }, (_, time) =>
    launches.map((launch) => ({ ...launch, copy: (firstCopy + time) % copies })),
  ).flat();
}
