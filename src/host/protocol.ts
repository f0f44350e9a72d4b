import type { DramModel } from '../attention/dram/modelDram.ts';
import type { DeviceDescription } from '../attention/limits.ts';
import type { Measurement, MeasureProgress, MeasureRequest } from '../gpu/measurement.ts';
import type { AnyPlan } from '../plans/plan.ts';
import type { DramRequest } from './modelWorker.ts';

/** Which adapter a host process shall open. A name is matched against the adapters' names. */
export type AdapterChoice = 'auto' | 'hardware' | 'software' | 'embedded' | (string & {});

/** Where tensors come from and go to, instead of being drawn from a seed and forgotten. */
export interface TensorFiles {
  /** Absolute, made by `createRunFolder`. Every output is written there. */
  folder: string;
  /** Input buffers that have a file there; the others are filled as the plan says. */
  inputs: string[];
}

export interface HostMeasureRequest extends MeasureRequest<AnyPlan> {
  files?: TensorFiles;
}

/** An adapter as the driver lists it: `{ name: 'NVIDIA A100-SXM4-80GB', backend: 'vulkan' }`. */
export interface ListedAdapter {
  name: string;
  backend: string;
}

/**
 * What the GPU process does. Calls, parameters and results of both ends are derived from this one type.
 * Every call can be cancelled; `measure` reports progress.
 */
export interface GpuHostCalls {
  /** Opens the device (once) and describes it. */
  open(params: { adapter: AdapterChoice }): DeviceDescription;
  /** Names of the adapters this process can see, without opening one. */
  adapters(params: Record<string, never>): ListedAdapter[];
  measure(params: HostMeasureRequest): Measurement;
}

export type GpuHostMethod = keyof GpuHostCalls;
export type ParamsOf<M extends GpuHostMethod> = Parameters<GpuHostCalls[M]>[0];
export type ResultOf<M extends GpuHostMethod> = ReturnType<GpuHostCalls[M]>;

/** What the GPU process says without being asked. It measures one plan at a time, so progress needs no id. */
export interface GpuHostNotices {
  progress: MeasureProgress;
  /** The device is gone; the process is of no more use. */
  lost: { reason: string };
}

/** The same calls as the supervisor's users see them. Every failure is a `HostError`. */
export interface GpuHost {
  open(adapter: AdapterChoice, signal?: AbortSignal): Promise<DeviceDescription>;
  measure(
    adapter: AdapterChoice,
    request: HostMeasureRequest,
    options?: { signal?: AbortSignal; onProgress?: (progress: MeasureProgress) => void },
  ): Promise<Measurement>;
  /** Every adapter of this machine, each with whether it opened. */
  devices(signal?: AbortSignal): Promise<DeviceListing[]>;
  /** A plan's tiles through a modelled cache, off the caller's thread; needs no GPU. */
  modelDram(request: DramRequest): Promise<DramModel>;
  dispose(): void;
}

export interface DeviceListing {
  /** What to pass as `--adapter` to get it. */
  choice: AdapterChoice;
  available: boolean;
  /** Why not, and what to do, where it is not available. */
  reason: string | null;
  device: DeviceDescription | null;
}

export type { Measurement, MeasureProgress, MeasureRequest };
