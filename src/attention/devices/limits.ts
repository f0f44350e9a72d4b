import { type DeviceLimits, guaranteedLimits } from '../limits.ts';
import { type GpuModel, gibibyte, kibibyte } from './device.ts';

/** What Vulkan drivers of NVIDIA give a workgroup: more is CUDA's alone. */
const nvidiaVulkanSharedMemory = 48 * kibibyte;

/**
 * The WebGPU limits under which tilings are chosen for a device that is not here. Assumed, not asked:
 *
 * - workgroup memory: what the vendor's interface gives a workgroup, at most 48 KiB on NVIDIA (its Vulkan
 *   drivers' limit) and 64 KiB elsewhere; WebGPU's guaranteed 16 KiB where the table does not know;
 * - 1024 invocations in a workgroup, as current drivers of all four makers report;
 * - buffers and bindings up to 2 GiB, or the device's memory where that is smaller;
 * - otherwise what every WebGPU device has.
 */
export function deviceLimitsOf(gpu: GpuModel): DeviceLimits {
  const shared = gpu.sharedMemoryPerWorkgroupBytes ?? guaranteedLimits.maxComputeWorkgroupStorageSize;
  const most = gpu.vendor === 'nvidia' ? nvidiaVulkanSharedMemory : 64 * kibibyte;
  const buffer = Math.min(2 * gibibyte, gpu.memoryBytes ?? 2 * gibibyte);
  const invocations = Math.min(1024, gpu.maxThreadsPerMultiprocessor ?? 1024);
  return {
    ...guaranteedLimits,
    maxBufferSize: buffer,
    maxStorageBufferBindingSize: buffer - 4,
    maxComputeWorkgroupStorageSize: Math.min(shared, most),
    maxComputeInvocationsPerWorkgroup: invocations,
    maxComputeWorkgroupSizeX: invocations,
  };
}
