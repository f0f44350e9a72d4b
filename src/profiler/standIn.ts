import type { GpuModel } from '../attention/devices/device.ts';
import { matchAdapter } from '../attention/devices/match.ts';
import type { DeviceDescription } from '../attention/limits.ts';

/** A row of the device table for a running device, which tells neither its caches nor its multiprocessors. */
export interface StandIn {
  gpu: GpuModel;
  /** Whether it is the device itself. Else it stands in: its caches are shown, no time of the device rests on it. */
  same: boolean;
}

/** The device's own row where the table has one, else `fallback`. */
export function standInFor(
  { name, vendor, architecture }: DeviceDescription,
  table: readonly GpuModel[],
  fallback: GpuModel | null,
): StandIn | null {
  const own = matchAdapter(name, vendor, architecture, table);
  if (own) return { gpu: own, same: true };
  return fallback && { gpu: fallback, same: false };
}
