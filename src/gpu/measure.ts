import { formatMs } from '../attention/units.ts';
import type { AnyPlan } from '../plans/plan.ts';
import { abortError, throwIfCancelled } from './cancellation.ts';
import { checkOutputs, faultOf, noRows, readOutputs, rowsToCheck } from './check.ts';
import { compareBuilds } from './compareBuilds.ts';
import { countAccesses } from './counting.ts';
import type { GuardedDevice } from './device.ts';
import { readDeviceNumbers } from './deviceNumbers.ts';
import { CompileError, LimitError, messageOf, OutOfMemoryError } from './errors.ts';
import { compileAll, type Execution, isNeverCut, modulesOf } from './execution.ts';
import { guardFault } from './guards.ts';
import { handOut } from './handOut.ts';
import { Ledger } from './ledger.ts';
import type { Measurement, MeasureRequest } from './measurement.ts';
import { Pace } from './pace.ts';
import { partialRun } from './partial.ts';
import type { PipelineCache } from './pipelines.ts';
import { resetTensors } from './poison.ts';
import { ProgressReporter } from './progress.ts';
import { prologueShare, runPrologue } from './prologue.ts';
import { runSliced } from './runner.ts';
import type { MeasureOptions } from './session.ts';
import { type Binds, Submitter } from './submitter.ts';
import { copyInputs, uploadTensors } from './tensors.ts';
import { predictRun, timePlan } from './timing.ts';

/** Counting makes a kernel slower, by how much is not known before it ran. */
const countingSlowdown = 2.5;

export interface MeasureContext {
  guarded: GuardedDevice;
  cache: PipelineCache;
  isSoftware: boolean;
  /** The adapter compiles a kernel when it first runs, by a compiler that may take a minute. */
  compilesLate: boolean;
}

/**
 * One plan, from empty memory to empty memory: upload, compile, the prologue, a plain run on poisoned
 * outputs, the check against float64, the counting run, the timed samples. See `GpuSession.measure`.
 */
export async function measurePlan(
  context: MeasureContext,
  request: MeasureRequest<AnyPlan>,
  options: MeasureOptions = {},
): Promise<Measurement> {
  const { signal } = options;
  const ledger = new Ledger(context.guarded);
  const result: Measurement = {
    status: 'ok',
    time: null,
    partial: null,
    counts: null,
    errors: null,
    memory: { peakBytes: 0, harnessPeakBytes: 0, buffers: [] },
  };
  try {
    throwIfCancelled(signal);
    const execution: Execution = {
      ...context,
      ledger,
      plan: request.plan,
      modules: modulesOf(request),
      pace: new Pace(),
      reporter: new ProgressReporter(options.onProgress, leastPatienceMs(request, context)),
      signal,
      given: options.inputs,
      deadline: performance.now() + (request.budgetMs ?? Number.POSITIVE_INFINITY),
    };
    await runSteps(execution, request, result, options.onOutput);
  } catch (error) {
    if (signal?.aborted) throw abortError();
    result.status = 'failed';
    result.reason = messageOf(error);
    if (error instanceof OutOfMemoryError || error instanceof LimitError) result.doesNotFit = true;
    if (error instanceof CompileError) result.compileErrors = [...error.problems];
  } finally {
    result.memory.peakBytes = ledger.peakBytes('tensor');
    result.memory.harnessPeakBytes = ledger.peakBytes('harness');
    ledger.dispose();
  }
  return result;
}

async function runSteps(
  execution: Execution,
  request: MeasureRequest<AnyPlan>,
  result: Measurement,
  onOutput: MeasureOptions['onOutput'],
): Promise<void> {
  const { steps, plan } = request;
  const rows = steps.check ? rowsToCheck(execution, steps.check.rows) : noRows;
  const tensors = await uploadTensors(execution);
  result.memory.buffers = execution.ledger.sizes('tensor');
  const pipelines = await compileAll(execution, 'plain');
  const plain: Binds = { variant: 'plain', pipelines, counters: null };
  await resetTensors(execution, tensors, { keepComputed: false });
  if (plan.prologue.length > 0) {
    result.partial = await runPrologue(execution, tensors, plain);
    if (result.partial) return stop(result, overBudget(request, result.partial.predictedMs));
    await resetTensors(execution, tensors, { keepComputed: true });
  }
  const submitter = await Submitter.create(execution, tensors);
  try {
    const first = await runSliced(execution, submitter, plain, {
      phase: 'run',
      within: [plan.prologue.length > 0 ? prologueShare : 0, 1],
      deadline: execution.deadline,
    });
    if (!first.completed) {
      result.partial = await partialRun(execution, submitter, plain, first);
      stop(result, overBudget(request, result.partial.predictedMs));
      return;
    }
    const overrun = await guardFault(execution, tensors);
    if (overrun) return fail(result, overrun);
    const outputs = await readOutputs(execution, tensors, rows);
    if (steps.check) result.errors = await checkOutputs(execution, outputs, rows);
    const fault = plan.problem ? faultOf(outputs, plan.mayOverflow ?? false) : null;
    if (fault) return fail(result, `The kernel of ${plan.algorithm} gave wrong results: ${fault}.`);
    if (plan.deviceNumbers) result.deviceNumbers = await readDeviceNumbers(execution, tensors);
    if (onOutput) await handOut(execution, tensors, onOutput);

    if (steps.count) {
      // One timed sample is worth more than a count that the closed form gives as well: keep its time.
      const runMs = predictRun(execution, 'plain', first);
      const reserved = steps.time ? runMs * 1.2 : 0;
      const deadline = execution.deadline - reserved;
      const expected = runMs * countingSlowdown;
      if (performance.now() + expected > deadline) {
        stop(
          result,
          `The time budget leaves no room for counting, which would take about ${formatMs(expected)}.`,
        );
      } else {
        await resetTensors(execution, tensors, { keepComputed: true });
        const counted = await countAccesses(execution, submitter, deadline);
        if (counted.counts) {
          const difference = compareBuilds(outputs, await readOutputs(execution, tensors, rows), execution);
          if (difference && plan.problem) {
            return fail(result, `${plan.algorithm} cannot be counted: ${difference}.`);
          }
          if (difference) result.notes = [orderDependent(difference)];
          result.counts = counted.counts;
        } else {
          stop(result, 'The time budget ended during counting. Raise it, or take a smaller problem.');
        }
      }
    }
    if (steps.time) {
      submitter.copies = await copyInputs(execution, tensors);
      const { time, cold } = await timePlan(
        execution,
        submitter,
        plain,
        steps.time.samples,
        first,
        plan.problem || !plan.readsWritten
          ? undefined
          : () => resetTensors(execution, tensors, { keepComputed: true }),
      );
      result.time = time;
      if (cold) {
        stop(
          result,
          'The time budget left no room for timed samples: the only time is that of the first, cold run.',
        );
      }
    }
  } finally {
    submitter.dispose();
  }
}

/** LLVM takes a minute and more for a kernel with unrolled loops. */
const compilerPatienceMs = 180_000;

/**
 * A dispatch that is never cut gives no sign of life until it is done; it may take the whole budget. Adapters on
 * LLVM compile a kernel when it first runs, which is then no hang.
 */
function leastPatienceMs(
  { plan, budgetMs }: MeasureRequest<AnyPlan>,
  { compilesLate }: Pick<MeasureContext, 'compilesLate'>,
): number {
  const whole = plan.dispatches.some(isNeverCut) ? (budgetMs ?? 0) : 0;
  return Math.max(whole, compilesLate ? compilerPatienceMs : 0);
}

function orderDependent(difference: string): string {
  return (
    `What the kernel computes depends on the order in which its invocations run: ${difference}. ` +
    'Its counts may differ from run to run as well.'
  );
}

function overBudget({ budgetMs }: MeasureRequest<AnyPlan>, predictedMs: number): string {
  return (
    `The time budget of ${formatMs(budgetMs ?? 0)} ended first: one whole run would take about ` +
    `${formatMs(predictedMs)}. Raise the budget, or take a smaller problem.`
  );
}

function stop(result: Measurement, reason: string): void {
  result.status = 'stopped';
  result.reason = result.reason ? `${result.reason} ${reason}` : reason;
}

function fail(result: Measurement, reason: string): void {
  result.status = 'failed';
  result.reason = reason;
}
