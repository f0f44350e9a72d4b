import type { AlgorithmPass } from '../attention/cost/cost.ts';
import type { GpuModel } from '../attention/devices/device.ts';
import { residentWorkgroups } from '../attention/devices/residency.ts';
import { type CacheModel, type DramModel, modelDram } from '../attention/dram/modelDram.ts';
import type { Problem } from '../attention/problem.ts';
import type { Tiling } from '../attention/tiling.ts';
import type { ModelledTraffic } from './document/encode.ts';

/**
 * What the caches of a GPU of the table let through to memory when it runs a plan's tiles; null where the table
 * does not know its caches or its multiprocessors.
 */
export function modelledTraffic(
  pass: AlgorithmPass,
  problem: Problem,
  tiling: Tiling,
  gpu: GpuModel,
): ModelledTraffic | null {
  const cache = cacheModelOf(gpu, pass, problem, tiling);
  return cache && withCache(modelDram(pass, problem, tiling, cache), gpu, cache);
}

/** The caches of a GPU and what runs on it at a time; null where the table knows too little. */
export function cacheModelOf(
  gpu: GpuModel,
  pass: AlgorithmPass,
  problem: Problem,
  tiling: Tiling,
): CacheModel | null {
  const cacheBytes = gpu.lastLevelCacheBytes ?? gpu.l2Bytes;
  if (cacheBytes === null || gpu.multiprocessors === null) return null;
  const resident = residentOn(gpu, pass, problem, tiling) ?? 1;
  return { cacheBytes, residentWorkgroups: gpu.multiprocessors * Math.max(1, resident) };
}

/** The model's answer with the cache that it is about. */
export function withCache(
  { traffic, coarsening, sampledHeads, waveStride }: DramModel,
  gpu: GpuModel,
  { cacheBytes, residentWorkgroups }: CacheModel,
): ModelledTraffic {
  const cache = { device: gpu.name, bytes: cacheBytes, residentWorkgroups };
  return { traffic, cache: { ...cache, coarsening, sampledHeads, waveStride } };
}

/** Workgroups of a plan that a multiprocessor holds at a time; null where the table does not say. */
export function residentOn(
  gpu: GpuModel,
  { workgroupMemory }: AlgorithmPass,
  problem: Problem,
  tiling: Tiling,
): number | null {
  // Each invocation has a 4 x 4 block of a tile.
  const invocations = (tiling.br / 4) * (tiling.bc / 4);
  return residentWorkgroups(gpu, workgroupMemory(problem, tiling), invocations);
}
