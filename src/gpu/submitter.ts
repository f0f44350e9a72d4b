import type { PlanDispatch } from '../plans/plan.ts';
import { sleep, throwIfCancelled } from './cancellation.ts';
import { bufferUsage } from './constants.ts';
import { type Execution, isNeverCut, kernelKey, type Pipelines } from './execution.ts';
import type { LedgerEntry } from './ledger.ts';
import { PassClock } from './passClock.ts';
import type { Variant } from './pipelines.ts';
import type { Box } from './slices.ts';
import type { Tensors } from './tensors.ts';

/** One call of dispatchWorkgroups: a box of a dispatch's grid, on one copy of the inputs. */
export interface Launch {
  dispatch: number;
  box: Box;
  copy: number;
}

export interface Submitted {
  /** Device time of each pass; null where the device has no timestamps. */
  passMs: number[] | null;
  /** From submission to idle. */
  wallMs: number;
}

/** Buffers beyond the plan's tensors that a build of the plan binds. */
export interface Binds {
  variant: Variant;
  pipelines: Pipelines;
  /** The counter buffer of a dispatch, for the counting build. */
  counters: ((dispatch: PlanDispatch) => { binding: number; buffer: GPUBuffer } | null) | null;
}

export const maxPassesPerSubmission = 64;
const maxCachedBindGroups = 20_000;
const minRegions = 256;
const maxRegions = 8192;

/** Encodes launches, submits them and waits until the device is idle. */
export class Submitter {
  readonly #execution: Execution;
  readonly #tensors: Tensors;
  readonly #params: LedgerEntry;
  readonly #strideWords: number;
  readonly #clock: PassClock | null;
  readonly #words: Uint32Array<ArrayBuffer>;
  readonly #bindGroups = new Map<string, GPUBindGroup[]>();
  /** Inputs by copy; copy 0 is the plan's own. */
  copies: readonly ReadonlyMap<string, GPUBuffer>[] = [new Map()];
  /** How many launches with different parameters one submission can hold. */
  readonly capacity: number;

  private constructor(
    execution: Execution,
    tensors: Tensors,
    params: LedgerEntry,
    strideWords: number,
    clock: PassClock | null,
  ) {
    this.#execution = execution;
    this.#tensors = tensors;
    this.#params = params;
    this.#strideWords = strideWords;
    this.#clock = clock;
    this.#words = new Uint32Array(params.bytes / 4);
    this.capacity = this.#words.length / strideWords;
  }

  static async create(execution: Execution, tensors: Tensors): Promise<Submitter> {
    const { guarded, ledger, plan } = execution;
    const alignment = guarded.device.limits.minUniformBufferOffsetAlignment;
    const words = Math.max(1, ...plan.dispatches.map((dispatch) => dispatch.params.length));
    const stride = Math.ceil((words * 4) / alignment) * alignment;
    const regions = Math.min(maxRegions, Math.max(minRegions, 2 * plan.dispatches.length));
    const params = await ledger.allocate(
      'harness',
      'parameters',
      stride * regions,
      bufferUsage.uniform | bufferUsage.copyTarget,
    );
    const clock = guarded.device.features.has('timestamp-query')
      ? await PassClock.create(guarded, ledger, maxPassesPerSubmission)
      : null;
    return new Submitter(execution, tensors, params, stride / 4, clock);
  }

  /** Without timestamps the wall clock is all there is, and too long a sleep would be measured with it. */
  get #sleepShare(): number {
    return this.#clock ? 0.9 : 0.5;
  }

  get hasTimestamps(): boolean {
    return this.#clock !== null;
  }

  /**
   * Submits the passes in one command buffer, sleeps through most of the predicted time (waiting on Dawn
   * spins a processor core) and then waits for idle. Throws `AbortError` when cancelled, after the wait.
   */
  async submit(binds: Binds, passes: readonly Launch[][], predictedMs: number): Promise<Submitted> {
    const { guarded, signal } = this.#execution;
    throwIfCancelled(signal);
    const { device } = guarded;
    return await guarded.scoped(`Running ${this.#execution.plan.algorithm}`, async () => {
      const regions = this.#writeParams(passes);
      const encoder = device.createCommandEncoder();
      for (const [index, launches] of passes.entries()) {
        const timestampWrites = this.#clock?.writes(index);
        const pass = encoder.beginComputePass(timestampWrites ? { timestampWrites } : {});
        for (const launch of launches) this.#encode(pass, binds, launch, regions.get(regionKey(launch))!);
        pass.end();
      }
      this.#clock?.resolve(encoder, passes.length);
      const commands = encoder.finish();
      const start = performance.now();
      device.queue.submit([commands]);
      if (predictedMs > 4) await sleep(predictedMs * this.#sleepShare - 1, signal);
      await guarded.orLost(device.queue.onSubmittedWorkDone());
      const wallMs = performance.now() - start;
      guarded.check();
      throwIfCancelled(signal);
      return { passMs: this.#clock ? await this.#clock.read(passes.length) : null, wallMs };
    });
  }

  #encode(pass: GPUComputePassEncoder, binds: Binds, launch: Launch, region: number): void {
    const dispatch = this.#execution.plan.dispatches[launch.dispatch]!;
    const pipeline = binds.pipelines.get(kernelKey(dispatch))!;
    pass.setPipeline(pipeline);
    const groups = this.#bindGroupsOf(binds, pipeline, dispatch, launch, region);
    for (const [index, group] of groups.entries()) pass.setBindGroup(index, group);
    pass.dispatchWorkgroups(...launch.box.extent);
  }

  /** Gives each distinct launch a region of the parameter buffer and writes them all at once. */
  #writeParams(passes: readonly Launch[][]): Map<string, number> {
    const regions = new Map<string, number>();
    const words = this.#words;
    for (const launch of passes.flat()) {
      const key = regionKey(launch);
      if (regions.has(key)) continue;
      const region = regions.size;
      if (region === this.capacity) throw new RangeError('more launches than one submission can hold');
      regions.set(key, region);
      const dispatch = this.#execution.plan.dispatches[launch.dispatch]!;
      if (isNeverCut(dispatch)) continue;
      const from = region * this.#strideWords;
      words.set(dispatch.params, from);
      for (let axis = 0; axis < 3; axis++) {
        words[from + dispatch.groupOffsetWord + axis]! += launch.box.origin[axis]!;
      }
    }
    this.#execution.guarded.device.queue.writeBuffer(
      this.#params.buffer,
      0,
      words,
      0,
      regions.size * this.#strideWords,
    );
    return regions;
  }

  /** By index, from 0 to the last that the dispatch uses; those in between may be empty. */
  #bindGroupsOf(
    binds: Binds,
    pipeline: GPUComputePipeline,
    dispatch: PlanDispatch,
    launch: Launch,
    region: number,
  ): GPUBindGroup[] {
    const key = `${binds.variant} ${launch.dispatch} ${launch.copy} ${region}`;
    const found = this.#bindGroups.get(key);
    if (found) return found;
    const inputs = this.copies[launch.copy]!;
    const last = Math.max(0, ...dispatch.bindings.map(({ group = 0 }) => group));
    const entries = Array.from({ length: last + 1 }, (): GPUBindGroupEntry[] => []);
    if (!isNeverCut(dispatch)) {
      const bytes = this.#strideWords * 4;
      const resource = { buffer: this.#params.buffer, offset: region * bytes, size: bytes };
      entries[0]!.push({ binding: 0, resource });
    }
    for (const { group = 0, binding, buffer, offset, size } of dispatch.bindings) {
      const resource = { buffer: inputs.get(buffer) ?? this.#tensors.get(buffer)!.buffer, offset, size };
      entries[group]!.push({ binding, resource });
    }
    const counter = binds.counters?.(dispatch);
    if (counter) entries[0]!.push({ binding: counter.binding, resource: { buffer: counter.buffer } });
    const groups = entries.map((each, index) =>
      this.#execution.guarded.device.createBindGroup({
        label: `${dispatch.stage} of ${this.#execution.plan.algorithm}`,
        layout: pipeline.getBindGroupLayout(index),
        entries: each,
      }),
    );
    if (this.#bindGroups.size >= maxCachedBindGroups) this.#bindGroups.clear();
    this.#bindGroups.set(key, groups);
    return groups;
  }

  dispose(): void {
    this.#bindGroups.clear();
    this.#execution.ledger.release(this.#params);
    this.#clock?.dispose();
  }
}

function regionKey({ dispatch, box }: Launch): string {
  return `${dispatch} ${box.origin.join(' ')}`;
}
