import { matchAdapter } from '../attention/devices/match.ts';
import type { DeviceListing } from '../host/protocol.ts';
import { documentDevice } from '../profiler/document/encode.ts';
import { devicesText } from './devicesText.ts';
import { readGpuTable } from './gpuTable.ts';
import { gpuTableText } from './gpuTableText.ts';
import type { CommandContext } from './services.ts';
import { styleFor } from './style.ts';

export interface DevicesFlags {
  json?: boolean;
  table?: boolean;
  deviceTable?: string;
}

/**
 * Lists every adapter; one that is not available is a result, not a failure. With `--table` the GPUs for which
 * `attnprof model` projects instead, without a GPU.
 */
export async function runDevices(
  flags: DevicesFlags,
  { services, terminal, signal }: CommandContext,
): Promise<void> {
  if (flags.table || flags.deviceTable !== undefined) {
    const table = readGpuTable(flags.deviceTable);
    const text = flags.json ? `${JSON.stringify(table, null, 2)}\n` : gpuTableText(table, styleFor(terminal));
    await terminal.out.write(text);
    return;
  }
  const host = services.createHost();
  let listings: DeviceListing[];
  try {
    listings = await host.devices(signal);
  } finally {
    host.dispose();
  }
  signal.throwIfAborted();
  await terminal.out.write(
    flags.json
      ? `${JSON.stringify(listings.map(listingJson), null, 2)}\n`
      : devicesText(listings, styleFor(terminal)),
  );
}

/**
 * A device object as documents have it, with what to pass as `--adapter`, whether that works, and its row in the
 * device table; unknown is null.
 */
export function listingJson({ choice, available, reason, device }: DeviceListing) {
  const known = device
    ? documentDevice(device)
    : {
        ...{ id: null, name: null, vendor: null, architecture: null, driver: null, backend: null },
        ...{ type: 'unknown', features: [], limits: null, peaks: null },
      };
  const { name, vendor, architecture } = known;
  const gpu = matchAdapter(name ?? '', vendor ?? '', architecture ?? '');
  return { adapter: choice, available, reason, gpu: gpu?.id ?? null, ...known };
}
