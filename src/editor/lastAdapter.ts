import type { Memento } from 'vscode';
import { type DeviceDescription, type DeviceLimits, guaranteedLimits } from '../attention/limits.ts';

/** The adapter that was used last on this machine: its limits decide the tilings that a hover assumes. */
export interface LastAdapter {
  name: string;
  software: boolean;
  limits: DeviceLimits;
}

const key = 'lastAdapter';

/** Null before the first profile, and where what is stored is not what this version stores. */
export function recallAdapter(state: Memento): LastAdapter | null {
  const stored: unknown = state.get(key);
  if (typeof stored !== 'object' || stored === null) return null;
  const { name, software, limits } = stored as Record<string, unknown>;
  if (typeof name !== 'string' || typeof software !== 'boolean') return null;
  const valid = readLimits(limits);
  return valid && { name, software, limits: valid };
}

export async function rememberAdapter(
  state: Memento,
  device: Pick<DeviceDescription, 'name' | 'type'> & { limits: unknown },
): Promise<LastAdapter | null> {
  const limits = readLimits(device.limits);
  if (!limits) return null;
  const adapter = { name: device.name, software: device.type === 'software', limits };
  await state.update(key, adapter);
  return adapter;
}

/** Without what drivers add in brackets, code names and trademarks: `SwiftShader Device`, `Intel Arc A770`. */
export function shortName({ name }: LastAdapter): string {
  return name.replace(/\s*\$?\([^)]*\)/g, '').trim() || name;
}

function readLimits(value: unknown): DeviceLimits | null {
  if (typeof value !== 'object' || value === null) return null;
  const limits = { ...guaranteedLimits };
  for (const name of Object.keys(limits) as (keyof DeviceLimits)[]) {
    const limit: unknown = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : null;
    if (typeof limit !== 'number' || !Number.isSafeInteger(limit) || limit < 1) return null;
    limits[name] = limit;
  }
  return limits;
}
