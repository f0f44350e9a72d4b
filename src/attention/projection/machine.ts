import type { GpuModel } from '../devices/device.ts';
import type { Peaks } from '../limits.ts';

/** A device as far as times are projected on it. What is not known is null; what is left out is said. */
export interface Machine {
  name: string;
  /** `table`: published peaks, which nothing reaches. `measured`: rates that a kernel reached on the device. */
  basis: 'table' | 'measured';
  bandwidthGBs: number | null;
  /** f32 multiply-adds on the ordinary units, 10^12 FLOP per second. */
  f32Tflops: number | null;
  /** 16-bit products with f32 sums on matrix units, 10^12 FLOP per second. */
  matmulTflops: number | null;
  /** Share of `matmulTflops` that large matrix products reach; null where nobody measured it. */
  matmulDerating: number | null;
  multiprocessors: number | null;
  clockGHz: number | null;
  /** Of one multiprocessor. */
  exponentialsPerClock: number | null;
  /** Of one multiprocessor. */
  sharedMemoryBytesPerClock: number | null;
  /** Names of the values above that no source confirms. */
  unverified: readonly string[];
}

/** A GPU of the table as times are projected on it: published peaks, derated where somebody measured that. */
export function machineOfGpu(gpu: GpuModel): Machine {
  return {
    name: gpu.name,
    basis: 'table',
    bandwidthGBs: gpu.bandwidthGBs,
    f32Tflops: gpu.f32Tflops,
    matmulTflops: gpu.matmulTflops,
    matmulDerating: gpu.matmulDerating?.fraction ?? null,
    multiprocessors: gpu.multiprocessors,
    clockGHz: gpu.clockGHz,
    exponentialsPerClock: gpu.exponentialsPerClock,
    sharedMemoryBytesPerClock: gpu.sharedMemoryBytesPerClock,
    unverified: gpu.unverified,
  };
}

/** What measurements do not tell. */
const takenFromTable = ['multiprocessors', 'clockGHz', 'exponentialsPerClock', 'sharedMemoryBytesPerClock'];

/**
 * The device that is here, by what was measured on it. Its copy bandwidth and multiply-add rate are known; what
 * the table knows of it besides (multiprocessors, clock, what each does in a clock) is taken from `gpu` where it is in the table.
 */
export function machineOfPeaks(name: string, peaks: Peaks, gpu: GpuModel | null = null): Machine {
  const known = gpu === null ? null : machineOfGpu(gpu);
  const f32Tflops = peaks.f32Gflops === null ? null : peaks.f32Gflops / 1e3;
  return {
    name,
    basis: 'measured',
    bandwidthGBs: peaks.bandwidthGBs,
    f32Tflops,
    // The measured f16 rate is that of ordinary multiply-adds; matrix units are not measured.
    matmulTflops: null,
    matmulDerating: null,
    multiprocessors: known?.multiprocessors ?? null,
    clockGHz: known?.clockGHz ?? null,
    exponentialsPerClock: known?.exponentialsPerClock ?? null,
    sharedMemoryBytesPerClock: known?.sharedMemoryBytesPerClock ?? null,
    unverified: known?.unverified.filter((field) => takenFromTable.includes(field)) ?? [],
  };
}
