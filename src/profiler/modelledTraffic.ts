import type { AlgorithmPass } from '../attention/cost/cost.ts';
import type { GpuModel } from '../attention/devices/device.ts';
import { residentWorkgroups } from '../attention/devices/residency.ts';
import { modelDram } from '../attention/dram/modelDram.ts';
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
  const bytes = gpu.lastLevelCacheBytes ?? gpu.l2Bytes;
  if (bytes === null || gpu.multiprocessors === null) return null;
  const resident = gpu.multiprocessors * Math.max(1, residentOn(gpu, pass, problem, tiling) ?? 1);
  const { traffic, coarsening, sampledHeads, waveStride } = modelDram(pass, problem, tiling, {
    cacheBytes: bytes,
    residentWorkgroups: resident,
  });
  const cache = { device: gpu.name, bytes, residentWorkgroups: resident };
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
