import type { DeviceDescription } from '../attention/limits.ts';
import type { MeasureProgress, MeasureRequest, Measurement } from '../gpu/measurement.ts';

/** Which adapter a host process shall open. A name is matched against the adapters' names. */
export type AdapterChoice = 'auto' | 'hardware' | 'software' | 'embedded' | (string & {});

/**
 * What the GPU process does. Calls, parameters and results of both ends are derived from this one type.
 * Every call can be cancelled; `measure` reports progress.
 */
export interface GpuHostCalls {
  /** Opens the device (once) and describes it. */
  open(params: { adapter: AdapterChoice }): DeviceDescription;
  /** Names of the adapters this process can see, without opening one. */
  adapters(params: Record<string, never>): { name: string; backend: string }[];
  measure(params: MeasureRequest): Measurement;
}

export type GpuHostMethod = keyof GpuHostCalls;
export type ParamsOf<M extends GpuHostMethod> = Parameters<GpuHostCalls[M]>[0];
export type ResultOf<M extends GpuHostMethod> = ReturnType<GpuHostCalls[M]>;

/** The same calls as the supervisor's users see them. */
export interface GpuHost {
  open(adapter: AdapterChoice, signal?: AbortSignal): Promise<DeviceDescription>;
  measure(
    adapter: AdapterChoice,
    request: MeasureRequest,
    options?: { signal?: AbortSignal; onProgress?: (progress: MeasureProgress) => void },
  ): Promise<Measurement>;
  /** Every adapter of this machine, each with whether it opened. */
  devices(signal?: AbortSignal): Promise<DeviceListing[]>;
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

export type { MeasureProgress, MeasureRequest, Measurement };
