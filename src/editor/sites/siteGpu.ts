import type { GpuModel } from '../../attention/devices/device.ts';
import { matchAdapter } from '../../attention/devices/match.ts';
import type { Settings } from '../contributions.ts';
import { readGpuSettings } from '../gpuSettings.ts';
import type { LastAdapter } from '../lastAdapter.ts';

/**
 * Whose memory counts: the table's row of the adapter used last, else the GPU that the settings name. No adapter tells
 * its memory itself.
 */
export function gpuFor(
  adapter: LastAdapter | null,
  settings: Pick<Settings, 'gpu' | 'gpuTable'>,
): GpuModel | null {
  const { table, gpu } = readGpuSettings(settings);
  return (adapter && matchAdapter(adapter.name, '', '', table)) ?? gpu;
}
