/** Whose GPU it is. */
export const gpuVendors = ['nvidia', 'amd', 'apple', 'intel', 'other'] as const;
export type GpuVendor = (typeof gpuVendors)[number];

/** Share of the peak matmul rate that large matrix products reach on the device, and who measured it. */
export interface MatmulDerating {
  fraction: number;
  source: string;
}

/**
 * What is known of a GPU without asking it: published numbers, dense (no sparsity). What is not known is null,
 * and a model that needs it says so.
 */
export interface GpuModel {
  /** Lower case words joined with hyphens: `a100-80gb-sxm`. */
  id: string;
  name: string;
  vendor: GpuVendor;
  /** Generation, lower case; as WebGPU's `GPUAdapterInfo.architecture` calls it where it does. */
  architecture: string | null;
  /** NVIDIA's compute capability, 8.0 for A100. */
  computeCapability: number | null;
  /**
   * What adapters of this model call themselves, in lower case words without maker and family ("rtx 4090",
   * "m2 pro"): a name means this row where exactly these words are left of it. Empty where the name does
   * not tell the row (M3 Max has two bandwidths).
   */
  adapterNames: readonly string[];
  /** Short names that mean this row though they are part of others' too: `h100`. */
  aliases: readonly string[];
  /** Device memory; marketing's GB are GiB here. Null where it differs from one machine to the next. */
  memoryBytes: number | null;
  /** Peak of the device memory, 10^9 bytes per second. */
  bandwidthGBs: number | null;
  l2Bytes: number | null;
  /** A cache behind the L2 that the memory controllers share: AMD's Infinity Cache, Apple's system cache. */
  lastLevelCacheBytes: number | null;
  /** SMs, compute units, Xe cores or Apple GPU cores. */
  multiprocessors: number | null;
  /** Shared memory (workgroup memory, LDS) that the workgroups of one multiprocessor have together. */
  sharedMemoryPerMultiprocessorBytes: number | null;
  /** The most that one workgroup may have through the vendor's own interface. */
  sharedMemoryPerWorkgroupBytes: number | null;
  /** Bytes that shared memory delivers in one clock of one multiprocessor. */
  sharedMemoryBytesPerClock: number | null;
  /** Boost clock. */
  clockGHz: number | null;
  /** f32 multiply-adds on the ordinary units, 10^12 FLOP per second. */
  f32Tflops: number | null;
  /** f16 or bf16 products with f32 sums on the matrix units, 10^12 FLOP per second. */
  matmulTflops: number | null;
  matmulDerating: MatmulDerating | null;
  /** Exponentials of one multiprocessor in one clock. */
  exponentialsPerClock: number | null;
  /** Invocations that one multiprocessor holds at a time. */
  maxThreadsPerMultiprocessor: number | null;
  source: string;
  /** Fields whose value no source at hand confirms: from general knowledge, or derived. */
  unverified: readonly (keyof GpuModel)[];
  /** What else to know of the row; empty where nothing. */
  note: string;
}

export const mebibyte = 2 ** 20;
export const gibibyte = 2 ** 30;
export const kibibyte = 2 ** 10;
