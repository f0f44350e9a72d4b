import type { GpuModel } from './device.ts';

type Residency = Pick<GpuModel, 'sharedMemoryPerMultiprocessorBytes' | 'maxThreadsPerMultiprocessor'>;

/**
 * Workgroups that one multiprocessor holds at a time: what its shared memory and its invocations allow; null
 * where neither is known, 0 where one workgroup is already too large. Registers are not modelled: real
 * kernels may fit fewer.
 */
export function residentWorkgroups(
  gpu: Residency,
  workgroupMemoryBytes: number,
  invocations: number,
): number | null {
  const { sharedMemoryPerMultiprocessorBytes: memory, maxThreadsPerMultiprocessor: threads } = gpu;
  const byMemory = memory === null || workgroupMemoryBytes <= 0 ? null : memory / workgroupMemoryBytes;
  const byThreads = threads === null || invocations <= 0 ? null : threads / invocations;
  if (byMemory === null && byThreads === null) return null;
  return Math.floor(Math.min(byMemory ?? Number.POSITIVE_INFINITY, byThreads ?? Number.POSITIVE_INFINITY));
}
