import { isNamedSoftware } from '../attention/devices/software.ts';
import type { AdapterChoice, ListedAdapter } from './protocol.ts';

/** An adapter name that no driver has: asking Dawn for it makes it list the ones that exist. */
export const impossibleAdapterName = 'no adapter has this name';

/**
 * Reads the adapters out of Dawn's error for an `adapter=` flag that fits none; its Node binding has no
 * other way to list them. Lines look like ` * backend: 'vulkan', name: 'SwiftShader Device (Subzero)'`.
 * Lines of another form are passed over: a listing that cannot be read is an empty one, never an error.
 */
export function parseAdapterList(message: string): ListedAdapter[] {
  const found = new Map<string, ListedAdapter>();
  for (const line of message.split('\n')) {
    const backend = /\bbackend:?\s*['"]?([\w-]+)/i.exec(line)?.[1] ?? '';
    // A name may hold quotes itself: it ends with the one before the next field or the end of the line.
    const quoted = /\bname:?\s*(['"])(.*?)\1\s*(?:$|,\s*\w+\s*:)/i.exec(line)?.[2];
    const name = (quoted ?? /\bname:\s*([^'",][^,]*)/i.exec(line)?.[1] ?? '').trim();
    if (name === '' || backend.toLowerCase() === 'null') continue;
    if (!found.has(name)) found.set(name, { name, backend: backend.toLowerCase() });
  }
  return [...found.values()];
}

/** WebGPU's form of a name, as in `GPUAdapterInfo.device`: lower case, words joined with hyphens. */
export function normalizedName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
}

/** The fields of `GPUAdapterInfo` that tell what an adapter is. */
export interface AdapterFacts {
  vendor: string;
  architecture: string;
  device: string;
  description: string;
  isFallbackAdapter?: boolean;
}

/** Whether an adapter computes on the processor: WebGPU's own word for it, else its name. */
export function isSoftware(facts: AdapterFacts): boolean {
  if (facts.isFallbackAdapter === true) return true;
  const { vendor, architecture, device, description } = facts;
  return isNamedSoftware([vendor, architecture, device, description]);
}

/** Where an adapter comes from: the machine's drivers, or the software adapter that ships with the product. */
export type AdapterSource = 'system' | 'embedded';

/**
 * Which sources to ask for a choice, in order. The loader reads its driver list when the process starts, so
 * each source is a process of its own.
 */
export function sourcesFor(choice: AdapterChoice, hasEmbedded: boolean): AdapterSource[] {
  if (choice === 'embedded') return ['embedded'];
  if (choice === 'hardware' || !hasEmbedded) return ['system'];
  return ['system', 'embedded'];
}

export function isNamed(choice: AdapterChoice): boolean {
  return choice !== 'auto' && choice !== 'hardware' && choice !== 'software' && choice !== 'embedded';
}

/** The adapters that a name means: those equal to it, else those that contain it; case does not matter. */
export function matchByName(listed: readonly ListedAdapter[], wanted: string): ListedAdapter[] {
  const lower = wanted.toLowerCase();
  const equal = listed.filter(({ name }) => name.toLowerCase() === lower);
  return equal.length > 0 ? equal : listed.filter(({ name }) => name.toLowerCase().includes(lower));
}

/** One sentence or two: why there is no such adapter, and what to do. */
export function noAdapterMessage(
  choice: AdapterChoice,
  listed: readonly ListedAdapter[],
  platform: string,
): string {
  const names = listed.map(({ name }) => `"${name}"`).join(', ');
  if (isNamed(choice)) {
    return names === ''
      ? `No adapter is called "${choice}": this machine lists none. ${driverAdvice(platform)}`
      : `No adapter is called "${choice}". This machine lists ${names}: give a part of one of these names.`;
  }
  if (names !== '' && choice === 'hardware') {
    return `No hardware adapter: this machine lists only software, ${names}. ${driverAdvice(platform)}`;
  }
  if (names !== '' && choice === 'software') {
    return `No software adapter: this machine lists only ${names}. Use "hardware", or a name.`;
  }
  return `No GPU adapter was found. ${driverAdvice(platform)}`;
}

export function driverAdvice(platform: string): string {
  switch (platform) {
    case 'linux':
      return (
        'Install a Vulkan driver and loader (NVIDIA: the driver with its Vulkan part; AMD, Intel or software: the ' +
        'package mesa-vulkan-drivers, newer than 22.3), check it with "vulkaninfo --summary", and try again.'
      );
    case 'win32':
      return 'Update the graphics driver (Direct3D 12 is needed), then try again.';
    case 'darwin':
      return 'Metal is needed: run on a Mac that has it, outside of a virtual machine.';
    default:
      return `Dawn has no driver interface for ${platform}.`;
  }
}
