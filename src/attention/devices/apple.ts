import { type GpuModel, kibibyte, mebibyte } from './device.ts';

/** A chip with its largest GPU. Apple sells most with fewer cores too: what scales with them is then less. */
interface Chip {
  name: string;
  cores: number;
  tflops: number;
  bandwidthGBs: number;
  systemCacheMib: number | null;
  clockGHz: number | null;
  source: string;
  unverified?: readonly (keyof GpuModel)[];
  matmulTflops?: null;
  /** The name tells the row: chips of this name have one bandwidth. */
  named?: false;
  note?: string;
}

const benchmarks = 'metal-benchmarks (Philip Turner)';
const hardwareList = 'Hugging Face hardware list (approximate by its own note)';
const noMatrixRate = {
  matmulTflops: null,
  clockGHz: null,
  systemCacheMib: null,
  source: `${hardwareList}, whichllm`,
  note: 'GPU cores have matrix units whose rate no source at hand gives',
} as const;
const m1Source = `${benchmarks}, applegpuinfo issue 2`;
const m2Source = `${benchmarks}, applegpuinfo issue 10`;
const twoBandwidths = { named: false, note: 'sold with less bandwidth too: the name does not tell' } as const;
const guessedClock = ['clockGHz'] as const;

const chips: readonly Chip[] = [
  {
    ...{ name: 'M1', cores: 8, tflops: 2.6, bandwidthGBs: 68.2, systemCacheMib: 8, clockGHz: 1.278 },
    source: `${benchmarks}, llama.cpp pull request 1642`,
  },
  {
    ...{ name: 'M1 Pro', cores: 16, tflops: 5.3, bandwidthGBs: 204.8, systemCacheMib: 24, clockGHz: 1.296 },
    source: m1Source,
  },
  {
    ...{ name: 'M1 Max', cores: 32, tflops: 10.6, bandwidthGBs: 409.6, systemCacheMib: 48, clockGHz: 1.296 },
    source: m1Source,
  },
  {
    ...{ name: 'M1 Ultra', cores: 64, tflops: 21.2, bandwidthGBs: 819, systemCacheMib: 96, clockGHz: 1.296 },
    source: m1Source,
    unverified: ['bandwidthGBs'],
  },
  {
    ...{ name: 'M2', cores: 10, tflops: 3.6, bandwidthGBs: 102.4, systemCacheMib: 8, clockGHz: 1.398 },
    source: m2Source,
  },
  {
    ...{ name: 'M2 Pro', cores: 19, tflops: 6.8, bandwidthGBs: 204.8, systemCacheMib: 24, clockGHz: 1.398 },
    source: m2Source,
  },
  {
    ...{ name: 'M2 Max', cores: 38, tflops: 13.6, bandwidthGBs: 409.6, systemCacheMib: 48, clockGHz: 1.398 },
    source: m2Source,
  },
  {
    ...{ name: 'M3', cores: 10, tflops: 4.1, bandwidthGBs: 100, systemCacheMib: null, clockGHz: 1.38 },
    source: hardwareList,
    unverified: guessedClock,
  },
  {
    ...{ name: 'M3 Pro', cores: 18, tflops: 7.4, bandwidthGBs: 150, systemCacheMib: null, clockGHz: 1.38 },
    source: hardwareList,
    unverified: ['clockGHz', 'bandwidthGBs'],
  },
  {
    ...{ name: 'M3 Max', cores: 40, tflops: 14.2, bandwidthGBs: 400, systemCacheMib: null, clockGHz: 1.38 },
    source: hardwareList,
    unverified: ['clockGHz', 'bandwidthGBs'],
    ...twoBandwidths,
  },
  {
    ...{ name: 'M4', cores: 10, tflops: 4.6, bandwidthGBs: 120, systemCacheMib: null, clockGHz: 1.58 },
    source: `${hardwareList}, pull request 1044`,
    unverified: guessedClock,
  },
  {
    ...{ name: 'M4 Pro', cores: 20, tflops: 9.2, bandwidthGBs: 273, systemCacheMib: null, clockGHz: 1.58 },
    source: `${hardwareList}, pull request 1044`,
    unverified: guessedClock,
  },
  {
    ...{ name: 'M4 Max', cores: 40, tflops: 18.4, bandwidthGBs: 546, systemCacheMib: null, clockGHz: 1.58 },
    source: `${hardwareList}, pull request 1044`,
    unverified: guessedClock,
    ...twoBandwidths,
  },
  { name: 'M5', cores: 10, tflops: 5.7, bandwidthGBs: 153, ...noMatrixRate },
  { name: 'M5 Pro', cores: 20, tflops: 11.4, bandwidthGBs: 307, ...noMatrixRate },
  { name: 'M5 Max', cores: 40, tflops: 22.8, bandwidthGBs: 614, ...noMatrixRate, named: false },
];

/**
 * Before M5 the GPU has no matrix units: f16 products run at the f32 rate. Threadgroup memory is the limit of
 * Metal's interface. Memory is a choice of the buyer.
 */
function row(chip: Chip): GpuModel {
  const { name, cores, tflops, bandwidthGBs, systemCacheMib, clockGHz, source } = chip;
  return {
    id: `apple-${name.toLowerCase().replaceAll(' ', '-')}`,
    name: `Apple ${name} (${cores} GPU cores)`,
    vendor: 'apple',
    aliases: [],
    architecture: null,
    computeCapability: null,
    adapterNames: chip.named === false ? [] : [name.toLowerCase()],
    memoryBytes: null,
    bandwidthGBs,
    l2Bytes: null,
    lastLevelCacheBytes: systemCacheMib === null ? null : systemCacheMib * mebibyte,
    multiprocessors: cores,
    sharedMemoryPerMultiprocessorBytes: 32 * kibibyte,
    sharedMemoryPerWorkgroupBytes: 32 * kibibyte,
    sharedMemoryBytesPerClock: null,
    clockGHz,
    f32Tflops: tflops,
    matmulTflops: chip.matmulTflops === null ? null : tflops,
    matmulDerating: null,
    exponentialsPerClock: 32,
    maxThreadsPerMultiprocessor: null,
    source,
    unverified: [
      'sharedMemoryPerMultiprocessorBytes',
      'sharedMemoryPerWorkgroupBytes',
      ...(chip.unverified ?? []),
    ],
    note: chip.note ?? 'with all of its GPU cores; smaller versions have fewer',
  };
}

export const appleGpus: readonly GpuModel[] = chips.map(row);
