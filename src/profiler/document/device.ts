import type { GpuModel } from '../../attention/devices/device.ts';
import type { DeviceLimits } from '../../attention/limits.ts';
import type { DocumentDevice } from './schema.ts';

/** A GPU of the table, with the limits that were assumed for it. */
export function documentTable(gpu: GpuModel, limits: DeviceLimits): DocumentDevice {
  return {
    ...{ id: gpu.id, name: gpu.name, vendor: gpu.vendor, architecture: gpu.architecture ?? '' },
    ...{ driver: null, backend: null, type: 'table', features: [] },
    limits: { ...limits },
    peaks: null,
  };
}
