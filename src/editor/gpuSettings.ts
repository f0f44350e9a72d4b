import type { GpuModel } from '../attention/devices/device.ts';
import { findGpu } from '../attention/devices/find.ts';
import { parseGpuTable } from '../attention/devices/parse.ts';
import { gpuTable } from '../attention/devices/table.ts';
import { type Settings, settings, settingsSection } from './contributions.ts';

export interface GpuSettings {
  table: readonly GpuModel[];
  /** Whose caches are modelled where the table does not know the adapter. */
  gpu: GpuModel | null;
  /** What is wrong with the settings, one line each; the defaults stand in. */
  problems: string[];
}

/** The device table with the user's rows, and the GPU that the settings name. */
export function readGpuSettings({ gpu, gpuTable: rows }: Pick<Settings, 'gpu' | 'gpuTable'>): GpuSettings {
  const problems: string[] = [];
  const parsed = parseGpuTable(rows);
  if (!parsed.ok) problems.push(`${settingsSection}.gpuTable: ${parsed.error}`);
  const table = parsed.ok ? parsed.value : gpuTable;
  const named = findGpu(gpu, table);
  if (!named.ok) problems.push(`${settingsSection}.gpu: ${named.error}`);
  const usual = named.ok ? named : findGpu(settings.gpu.default, table);
  return { table, gpu: usual.ok ? usual.value : null, problems };
}
