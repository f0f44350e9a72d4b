import { type CatalogueRow, findAlgorithm } from '../../attention/catalogue.ts';
import { costOf } from '../../attention/costOf.ts';
import type { GpuModel } from '../../attention/devices/device.ts';
import { deviceLimitsOf } from '../../attention/devices/limits.ts';
import type { DeviceLimits } from '../../attention/limits.ts';
import { frameworkMemory } from '../../attention/memory/frameworks.ts';
import { type LongestRun, longestRun } from '../../attention/memory/longestSequence.ts';
import type { Problem } from '../../attention/problem.ts';
import { trafficBytes } from '../hoverText.ts';

/** HBM bytes that an algorithm moves, exact. */
export interface MovedBytes {
  id: string;
  bytes: bigint;
}

/** What the algorithms of the settings move for a problem, in their order; those that cannot do it are left out. */
export function movedBytes(
  problem: Problem,
  algorithms: readonly string[],
  limits: DeviceLimits,
): MovedBytes[] {
  return rowsOf(algorithms).flatMap((row) => {
    const found = costOf(row, problem, limits);
    return found.ok ? [{ id: row.id, bytes: trafficBytes(found.value.cost) }] : [];
  });
}

export interface LongestOf {
  row: CatalogueRow;
  longest: LongestRun;
}

/** The longest sequence that each algorithm runs in the memory of a GPU; empty where its memory is not known. */
export function longestOn(
  gpu: GpuModel,
  problem: Problem,
  algorithms: readonly string[],
  grow: 'both' | 'keys',
): LongestOf[] {
  if (gpu.memoryBytes === null) return [];
  const memory = gpu.memoryBytes;
  return rowsOf(algorithms).flatMap((row) => {
    const found = longestRun(row, problem, deviceLimitsOf(gpu), memory, { grow });
    return found.ok ? [{ row, longest: found.value }] : [];
  });
}

/** Peak memory that a framework would hold for one call without gradients, standard and flash, modelled. */
export function inferenceMemory(problem: Problem): { standard: number; flash: number } {
  const all = frameworkMemory(problem).filter(({ when }) => when === 'inference');
  const of = (kind: 'standard' | 'flash') => all.find((each) => each.kind === kind)?.account.bytes ?? 0;
  return { standard: of('standard'), flash: of('flash') };
}

export function rowsOf(algorithms: readonly string[]): CatalogueRow[] {
  return algorithms.flatMap((id) => findAlgorithm(id) ?? []);
}
