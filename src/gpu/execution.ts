import type { AnyPlan, LinkedModule, PlanDispatch } from '../plans/plan.ts';
import { throwIfCancelled } from './cancellation.ts';
import type { GuardedDevice } from './device.ts';
import { GpuError } from './errors.ts';
import type { Ledger } from './ledger.ts';
import type { MeasureRequest } from './measurement.ts';
import type { Pace } from './pace.ts';
import type { PipelineCache, Variant } from './pipelines.ts';
import type { ProgressReporter } from './progress.ts';

/** What every step of one measurement shares. */
export interface Execution {
  readonly guarded: GuardedDevice;
  readonly ledger: Ledger;
  readonly plan: AnyPlan;
  readonly modules: ReadonlyMap<string, LinkedModule>;
  readonly cache: PipelineCache;
  readonly pace: Pace;
  readonly reporter: ProgressReporter;
  readonly signal: AbortSignal | undefined;
  /** On the clock of `performance.now()`; infinite without a budget. */
  readonly deadline: number;
  /** Inputs that were given instead of drawn. */
  readonly given?: ReadonlyMap<string, Float32Array> | undefined;
  /** A software adapter shares the processor: its times say nothing of caches and memory. */
  readonly isSoftware: boolean;
}

export type Pipelines = ReadonlyMap<string, GPUComputePipeline>;

/** One compiled kernel: what the pace is learned for. */
export function kernelKey(dispatch: PlanDispatch): string {
  return `${dispatch.module}:${dispatch.entryPoint}`;
}

/** Whether a dispatch runs whole, however long it takes: its kernel knows no offset of workgroups. */
export function isNeverCut({ params }: PlanDispatch): boolean {
  return params.length === 0;
}

export function modulesOf(request: MeasureRequest<AnyPlan>): Map<string, LinkedModule> {
  const modules = new Map(request.modules.map((module) => [module.id, module]));
  const { plan } = request;
  const buffers = new Set(plan.buffers.map((buffer) => buffer.name));
  for (const dispatch of [...plan.prologue, ...plan.dispatches]) {
    if (!modules.has(dispatch.module)) {
      throw new GpuError(
        `The plan of ${plan.algorithm} names module ${dispatch.module}, which was not given.`,
      );
    }
    for (const { buffer } of dispatch.bindings) {
      if (!buffers.has(buffer)) {
        throw new GpuError(`The plan of ${plan.algorithm} binds buffer ${buffer}, which it does not have.`);
      }
    }
    if (!isNeverCut(dispatch) && dispatch.groupOffsetWord + 3 > dispatch.params.length) {
      throw new GpuError(`A dispatch of ${plan.algorithm} has no room for its workgroup offset.`);
    }
  }
  return modules;
}

/**
 * Compiles every kernel of the plan, one after the other, so that a compiler that hangs has a name. The
 * prologue is never counted.
 */
export async function compileAll(execution: Execution, variant: Variant): Promise<Pipelines> {
  const pipelines = new Map<string, GPUComputePipeline>();
  const { plan, modules, cache, reporter, signal } = execution;
  const dispatches = variant === 'plain' ? [...plan.prologue, ...plan.dispatches] : plan.dispatches;
  for (const [index, dispatch] of dispatches.entries()) {
    const key = kernelKey(dispatch);
    if (pipelines.has(key)) continue;
    throwIfCancelled(signal);
    const phase = variant === 'plain' ? 'compile' : 'count';
    reporter.report(phase, dispatch.stage, variant === 'plain' ? index / dispatches.length : 0, 3000);
    pipelines.set(key, await cache.get(modules.get(dispatch.module)!, dispatch.entryPoint, variant));
  }
  return pipelines;
}
