import type { DeviceDescription, DeviceLimits } from '../attention/limits.ts';
import { guaranteedLimits } from '../attention/limits.ts';

/** What the opener knows and WebGPU does not tell. */
export interface KnownDevice {
  id?: string;
  name?: string | null;
  backend?: string | null;
}

const softwareNames = /swiftshader|llvmpipe|lavapipe|softpipe|\bwarp\b|microsoft basic render/i;

/** Whether an adapter compiles a kernel with LLVM when it first runs, as Mesa's software adapters do. */
export function compilesLate({ name }: Pick<DeviceDescription, 'name'>): boolean {
  return /llvmpipe|lavapipe/i.test(name);
}

/** Describes an adapter from what WebGPU says. What it does not say stays null or `unknown`. */
export function describeAdapter(
  adapter: GPUAdapter,
  device: GPUDevice,
  known: KnownDevice,
): DeviceDescription {
  const { info } = adapter;
  const said = [info.description, info.device].find((text) => text.trim() !== '');
  const name =
    known.name?.trim() || said || `${info.vendor} ${info.architecture}`.trim() || 'unnamed adapter';
  const names = [name, info.vendor, info.architecture, info.device, info.description].join(' ');
  const software = info.isFallbackAdapter || softwareNames.test(names);
  return {
    id: known.id ?? name.toLowerCase().replace(/[^a-z0-9]+/g, '-'),
    name,
    vendor: info.vendor,
    architecture: info.architecture,
    driver: null,
    backend: known.backend ?? null,
    type: software ? 'software' : 'unknown',
    features: [...device.features].sort(),
    limits: limitsOf(device.limits),
    peaks: null,
  };
}

/** The limits that decide tilings and slices, as plain data. */
export function limitsOf(limits: GPUSupportedLimits): DeviceLimits {
  const result = { ...guaranteedLimits };
  for (const name of Object.keys(result) as (keyof DeviceLimits)[]) result[name] = limits[name];
  return result;
}
