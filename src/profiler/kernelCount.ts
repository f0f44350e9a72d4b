import type { DeviceDescription } from '../attention/limits.ts';
import type { Traffic } from '../attention/traffic.ts';
import type { Measurement } from '../host/protocol.ts';
import { countedPerLine, countedTraffic } from '../plans/counting/collect.ts';
import type { BufferScalar } from '../plans/userKernel/layout.ts';
import { kernelStage, type PreparedKernel } from '../plans/userKernel/prepare.ts';

/** Accesses of one line of the kernel, and of each buffer on it. */
export interface KernelLine {
  /** From 1. */
  line: number;
  loads: bigint;
  stores: bigint;
  readBytes: bigint;
  writeBytes: bigint;
  sites: KernelSite[];
}

/** One place of the WGSL that reads or writes a storage buffer. */
export interface KernelSite {
  line: number;
  buffer: string;
  kind: 'load' | 'store';
  bytesPerAccess: number;
  /** How many times it was executed. */
  count: bigint;
}

export interface KernelBuffer {
  name: string;
  space: 'storage' | 'uniform';
  writable: boolean;
  type: string;
  scalar: BufferScalar | null;
  bytes: number;
}

/** What one run of a user's kernel accessed, and how long it takes. */
export interface KernelCount {
  name: string;
  entryPoint: string;
  /** Line of the entry point, from 1. */
  entryLine: number;
  workgroupSize: [number, number, number] | null;
  dispatch: [number, number, number];
  device: DeviceDescription;
  status: 'ok' | 'stopped' | 'failed';
  /** What happened and what to do next; null where status is ok. */
  reason: string | null;
  /** What a reader of the numbers should know. */
  notes: string[];
  buffers: KernelBuffer[];
  /** Storage buffers alone; null where the kernel was not counted. */
  traffic: Traffic<'counted'> | null;
  /** Lines that accessed a storage buffer, in order; every site that was never executed is on none. */
  lines: KernelLine[];
  time: (NonNullable<Measurement['time']> & { provenance: 'measured' }) | null;
  /**
   * Counted bytes over the median of the measured time, GB/s. It passes the bandwidth of the memory where caches
   * serve some of the accesses.
   */
  issuedGBs: number | null;
}

/** Puts a measurement into the words of the kernel's file. */
export function kernelCountOf(
  name: string,
  { plan, module, interface: found }: PreparedKernel,
  device: DeviceDescription,
  measurement: Measurement,
): KernelCount {
  const { status, reason, notes = [], time } = measurement;
  // Nothing to count is a count of nothing.
  const counts = module.counting.sites.length === 0 && status === 'ok' ? [] : measurement.counts;
  const traffic = counts && countedTraffic([module], [kernelStage], counts);
  for (const { name: buffer, space } of found.bindings) {
    if (traffic && space === 'storage') {
      traffic.buffers[buffer] ??= { loads: 0n, stores: 0n, readBytes: 0n, writeBytes: 0n };
    }
  }
  const moved = traffic && Number(traffic.readBytes + traffic.writeBytes);
  return {
    name,
    entryPoint: found.entryPoint,
    entryLine: found.entryLine,
    workgroupSize: found.workgroupSize,
    dispatch: plan.dispatches[0]!.grid,
    device,
    status,
    reason: reason ?? null,
    notes,
    buffers: found.bindings.map(({ name: buffer, space, writable, typeText, scalar }, index) => ({
      ...{ name: buffer, space, writable, type: typeText, scalar },
      bytes: plan.buffers[index]!.bytes,
    })),
    traffic,
    lines: counts ? linesOf(module, counts) : [],
    time: time && { ...time, provenance: 'measured' },
    issuedGBs: moved !== null && time && time.medianMs > 0 ? moved / time.medianMs / 1e6 : null,
  };
}

function linesOf(module: PreparedKernel['module'], counts: NonNullable<Measurement['counts']>): KernelLine[] {
  const { sites } = module.counting;
  return countedPerLine([module], counts).map(({ line, loads, stores, readBytes, writeBytes }) => ({
    ...{ line, loads, stores, readBytes, writeBytes },
    sites: counts.flatMap(({ site, count }) => {
      const at = sites[site]!;
      return at.line === line ? [{ ...at, count: BigInt(count) }] : [];
    }),
  }));
}
