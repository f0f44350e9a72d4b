import type { Tally } from '../attention/traffic.ts';
import { toCount } from './document/counts.ts';
import { documentDevice } from './document/encode.ts';
import type { KernelCount } from './kernelCount.ts';
import { tool } from './tool.ts';

export type KernelCountJson = ReturnType<typeof kernelCountJson>;

/**
 * A count of a user's kernel as JSON: times are milliseconds, counts and bytes integers (decimal strings past
 * 2^53), lines from 1. `issuedGBs` is counted bytes over the median time.
 */
export function kernelCountJson(count: KernelCount) {
  const { name, entryPoint, workgroupSize, dispatch, device, status, reason, notes } = count;
  const { buffers, traffic, lines, time, issuedGBs } = count;
  return {
    format: 'attnprof-kernel',
    version: 1,
    tool,
    ...{ kernel: name, entryPoint, workgroupSize, dispatch },
    device: documentDevice(device),
    ...{ status, reason, notes },
    buffers: buffers.map(({ scalar: _, ...buffer }) => buffer),
    traffic: traffic && {
      provenance: traffic.provenance,
      ...tally(traffic),
      buffers: Object.fromEntries(Object.entries(traffic.buffers).map(([key, each]) => [key, tally(each)])),
      lines: lines.map(({ line, sites, ...each }) => ({
        line,
        ...tally(each),
        sites: sites.map(({ buffer, kind, bytesPerAccess, count: executed }) => ({
          ...{ buffer, kind, bytesPerAccess },
          count: toCount(executed),
        })),
      })),
    },
    time: time && { ...time, issuedGBs },
  };
}

function tally({ loads, stores, readBytes, writeBytes }: Tally) {
  return {
    loads: toCount(loads),
    stores: toCount(stores),
    readBytes: toCount(readBytes),
    writeBytes: toCount(writeBytes),
  };
}
