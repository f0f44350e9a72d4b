import { kibibyte } from './device.ts';

/** What every NVIDIA row has; 16 exponentials and 128 bytes of shared memory per clock and SM since Turing. */
export const nvidia = {
  vendor: 'nvidia',
  aliases: [],
  lastLevelCacheBytes: null,
  sharedMemoryBytesPerClock: 128,
  exponentialsPerClock: 16,
  matmulDerating: null,
  note: '',
} as const;

/** Shared memory by compute capability, as NVIDIA's CCCL lists it; a workgroup has 1 KiB less than the SM. */
export function sharedMemory(kib: number) {
  return {
    sharedMemoryPerMultiprocessorBytes: kib * kibibyte,
    sharedMemoryPerWorkgroupBytes: (kib - 1) * kibibyte,
  };
}
