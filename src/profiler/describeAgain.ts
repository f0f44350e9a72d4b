import type { DeviceDescription } from '../attention/limits.ts';
import type { AdapterChoice, GpuHost } from '../host/protocol.ts';

/**
 * The device after a run: its peaks are measured with the first timed one. A host that died in it may not open
 * again; what is known of the device stands.
 */
export async function describeAgain(
  device: DeviceDescription,
  adapter: AdapterChoice,
  host: GpuHost,
  signal: AbortSignal | undefined,
): Promise<DeviceDescription> {
  try {
    return await host.open(adapter, signal);
  } catch (error) {
    if (signal?.aborted) throw error;
    return device;
  }
}
