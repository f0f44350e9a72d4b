/** The WebGPU limits that decide tilings and slices. Names are WebGPU's; sizes are bytes. */
export interface DeviceLimits {
  maxBufferSize: number;
  maxStorageBufferBindingSize: number;
  maxComputeWorkgroupStorageSize: number;
  maxComputeInvocationsPerWorkgroup: number;
  maxComputeWorkgroupSizeX: number;
  maxComputeWorkgroupsPerDimension: number;
  maxStorageBuffersPerShaderStage: number;
  minStorageBufferOffsetAlignment: number;
}

/** What every WebGPU device has (WebGPU, section 3.6.2 "Limits", default values). */
export const guaranteedLimits: DeviceLimits = {
  maxBufferSize: 268_435_456,
  maxStorageBufferBindingSize: 134_217_728,
  maxComputeWorkgroupStorageSize: 16_384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupsPerDimension: 65_535,
  maxStorageBuffersPerShaderStage: 8,
  minStorageBufferOffsetAlignment: 256,
};

/** What is known of a device. WebGPU names no driver, backend or memory size: those are null unless told. */
export interface DeviceDescription {
  id: string;
  name: string;
  vendor: string;
  architecture: string;
  driver: string | null;
  backend: string | null;
  type: 'discrete' | 'integrated' | 'software' | 'unknown';
  features: string[];
  limits: DeviceLimits;
  peaks: Peaks | null;
}

/** Rates measured on the device itself, in the same session. */
export interface Peaks {
  provenance: 'measured';
  bandwidthGBs: number | null;
  f32Gflops: number | null;
  f16Gflops: number | null;
}
