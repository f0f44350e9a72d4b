import type { DeviceDescription } from '../attention/limits.ts';
import { type AdapterSource, driverAdvice } from './adapters.ts';
import { type CallOptions, callChild } from './callChild.ts';
import type { ChildStarter } from './childStarter.ts';
import { HostError } from './errors.ts';
import { openDevice, startError } from './openDevice.ts';
import type { AdapterChoice, DeviceListing, ListedAdapter } from './protocol.ts';

/**
 * Every adapter of this machine, each opened in a process of its own that ends before the next one starts:
 * a driver that crashes or hangs costs its own row and no other.
 * @throws HostError where no process can be started at all, and when cancelled
 */
export async function listDevices(
  starter: ChildStarter,
  hasEmbedded: boolean,
  options: CallOptions,
): Promise<DeviceListing[]> {
  const rows: DeviceListing[] = [];
  const listed = await listSystemAdapters(starter, options);
  if (typeof listed === 'string') {
    rows.push({ choice: 'hardware', available: false, reason: listed, device: null });
  } else if (listed.length === 0) {
    // No names may also mean a listing that could not be read: the adapter itself tells.
    const row = await tryDevice(starter, 'system', 'auto', options);
    const reason = `No GPU adapter was found. ${driverAdvice(process.platform)}`;
    const kind = row.device?.type === 'software' ? 'software' : 'hardware';
    rows.push(row.device ? { ...row, choice: kind } : { ...row, choice: 'hardware', reason });
  } else {
    for (const { name } of listed) rows.push(await tryDevice(starter, 'system', name, options));
  }
  if (hasEmbedded) rows.push(await tryDevice(starter, 'embedded', 'embedded', options));
  return rows;
}

/** The adapters' names, or why the process that was to list them ended. */
async function listSystemAdapters(
  starter: ChildStarter,
  options: CallOptions,
): Promise<ListedAdapter[] | string> {
  let child: Awaited<ReturnType<ChildStarter['start']>> | null = null;
  try {
    child = await starter.start('system');
    const listed = await callChild(child, 'adapters', {}, options);
    starter.noteSuccess('system');
    return listed;
  } catch (thrown) {
    return reasonOf(child ? startError(starter, 'system', thrown) : thrown);
  } finally {
    await child?.end('replaced');
  }
}

async function tryDevice(
  starter: ChildStarter,
  source: AdapterSource,
  choice: AdapterChoice,
  options: CallOptions,
): Promise<DeviceListing> {
  try {
    const { child, description } = await openDevice(starter, source, choice, options);
    await child.end('replaced');
    return listing(choice, description, null);
  } catch (error) {
    return listing(choice, null, reasonOf(error));
  }
}

function listing(
  choice: AdapterChoice,
  device: DeviceDescription | null,
  reason: string | null,
): DeviceListing {
  return { choice, available: device !== null, reason, device };
}

/** Errors that concern one adapter are its row's reason; the others end the listing. */
function reasonOf(error: unknown): string {
  const general = ['no-node', 'no-dawn', 'no-readback', 'cancelled', 'disposed', 'protocol'];
  if (!(error instanceof HostError) || general.includes(error.kind)) throw error;
  return error.message;
}
