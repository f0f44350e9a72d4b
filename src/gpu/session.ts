import type { DeviceDescription, Peaks } from '../attention/limits.ts';
import type { AnyPlan } from '../plans/plan.ts';
import type { Measurement, MeasureProgress, MeasureRequest } from './measurement.ts';

export interface MeasureOptions {
  signal?: AbortSignal;
  onProgress?: (progress: MeasureProgress) => void;
  /** Values of input buffers by name, rows x width, rounded to the buffer's type; the others are drawn. */
  inputs?: ReadonlyMap<string, Float32Array>;
  /** Gets every output of the first run, rows x width, once it is known to be sound. */
  onOutput?: (name: string, values: Float32Array) => void;
}

/** A device that is open. Measures one plan at a time; owns every buffer and pipeline it makes. */
export interface GpuSession {
  readonly description: DeviceDescription;
  /**
   * Runs one plan. Never throws for what a GPU can do wrong (out of memory, validation, lost device):
   * those are `failed` with the reason. Throws `AbortError` when cancelled.
   */
  measure(request: MeasureRequest<AnyPlan>, options?: MeasureOptions): Promise<Measurement>;
  /**
   * Rates of this device, measured once and kept in `description.peaks`; the first measurement that takes
   * times does it as well, where its budget allows. Throws `AbortError`, or `DeviceLostError`.
   */
  measurePeaks(signal?: AbortSignal): Promise<Peaks>;
  /** Resolves with the reason when the device is lost. */
  readonly lost: Promise<string>;
  dispose(): void;
}
