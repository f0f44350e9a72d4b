import {
  impossibleAdapterName,
  isNamed,
  isSoftware,
  matchByName,
  noAdapterMessage,
  normalizedName,
  parseAdapterList,
} from './adapters.ts';
import type { Dawn } from './dawn.ts';
import { HostError } from './errors.ts';
import type { AdapterChoice, ListedAdapter } from './protocol.ts';

export interface ChosenAdapter {
  /** Hands out exactly this adapter. */
  gpu: GPU;
  /** As the driver lists it; empty where the listing could not be read. */
  name: string;
  backend: string | null;
  info: GPUAdapterInfo;
  software: boolean;
}

/** Names of the adapters that this process can see. Opens none. */
export async function listAdapters(dawn: Dawn): Promise<ListedAdapter[]> {
  try {
    await dawn.instance(impossibleAdapterName).requestAdapter();
    // With no driver at all Dawn answers null where it otherwise throws.
    return [];
  } catch (error) {
    return parseAdapterList(error instanceof Error ? error.message : String(error));
  }
}

/**
 * Finds the adapter for a choice among those that this process sees: `auto` and `embedded` take hardware
 * before software, `hardware` and `software` only their own kind, a name the adapters it is part of.
 * @throws HostError `no-adapter`
 */
export async function chooseAdapter(dawn: Dawn, choice: AdapterChoice): Promise<ChosenAdapter> {
  const listed = await listAdapters(dawn);
  if (isNamed(choice)) {
    for (const { name } of matchByName(listed, choice)) {
      const named = await request(dawn, name, listed);
      if (named) return named;
    }
    throw new HostError('no-adapter', noAdapterMessage(choice, listed, process.platform));
  }

  // The one that Dawn prefers comes first: among several GPUs it is the fast one.
  const preferred = await request(dawn, null, listed);
  if (preferred && (choice === 'embedded' || suits(preferred, choice))) return preferred;
  for (const { name } of listed) {
    const other = await request(dawn, name, listed);
    if (other && suits(other, choice)) return other;
  }
  if (preferred && choice === 'auto') return preferred;
  throw new HostError('no-adapter', noAdapterMessage(choice, listed, process.platform));
}

function suits({ software }: ChosenAdapter, choice: AdapterChoice): boolean {
  return software === (choice === 'software');
}

async function request(
  dawn: Dawn,
  name: string | null,
  listed: readonly ListedAdapter[],
): Promise<ChosenAdapter | null> {
  const gpu = dawn.instance(name);
  let adapter: GPUAdapter | null = null;
  try {
    adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  } catch {
    // A listed adapter that cannot be had (too old a driver) is passed over like one that is not there.
  }
  if (!adapter) return null;
  const entry = listed.find((one) => one.name === name || normalizedName(one.name) === adapter.info.device);
  return {
    gpu,
    name: name ?? entry?.name ?? '',
    backend: entry?.backend || null,
    info: adapter.info,
    software: isSoftware(adapter.info),
  };
}
