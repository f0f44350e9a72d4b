import type { Cost } from '../../attention/cost/cost.ts';
import type { DeviceDescription } from '../../attention/limits.ts';
import type { Pass } from '../../attention/problem.ts';
import type { Provenance } from '../../attention/provenance.ts';
import type { Tiling } from '../../attention/tiling.ts';
import type { Tally, Traffic } from '../../attention/traffic.ts';
import type { ErrorMeasurement, Measurement } from '../../gpu/measurement.ts';
import { toCount } from './counts.ts';
import {
  type DocumentDevice,
  type DocumentProblem,
  type DocumentProjection,
  type DocumentRun,
  type DocumentTally,
  type DocumentTraffic,
  formatName,
  formatVersion,
  type ProfileDocument,
} from './schema.ts';

export function documentDevice(description: DeviceDescription): DocumentDevice {
  const { id, name, vendor, architecture, driver, backend, type, features, limits, peaks } = description;
  return {
    ...{ id, name, vendor, architecture, driver, backend, type },
    features: [...features],
    limits: { ...limits },
    peaks: peaks && {
      provenance: peaks.provenance,
      bandwidthGBs: finiteOrNull(peaks.bandwidthGBs),
      f32Gflops: finiteOrNull(peaks.f32Gflops),
      f16Gflops: finiteOrNull(peaks.f16Gflops),
    },
  };
}

export function documentTraffic<P extends Provenance>(traffic: Traffic<P>): DocumentTraffic<P> {
  const pieces = {
    provenance: traffic.provenance,
    ...documentTally(traffic),
    buffers: documentBuffers(traffic.buffers),
    stages: traffic.stages.map((stage) => ({
      name: stage.name,
      ...documentTally(stage),
      buffers: documentBuffers(stage.buffers),
    })),
  };
  // The five rows differ in the literal alone, which the type parameter carries.
  return pieces as unknown as DocumentTraffic<P>;
}

export interface RunParts {
  /** Ids of the document's device and problem. */
  device: string;
  problem: string;
  /** Id of the sweep's point. */
  point?: string | undefined;
  engine?: DocumentRun['engine'];
  algorithm: string;
  pass: Pass;
  status: DocumentRun['status'];
  /** What happened and what to do next; needed unless status is ok. */
  reason?: string | undefined;
  tiling: Tiling | null;
  /** The closed forms for that tiling; null where there is no plan. */
  cost: Cost | null;
  bound: Traffic<'bound'> | null;
  /** The access sites' totals, summed by buffer and stage. */
  counted: Traffic<'counted'> | null;
  measurement: Measurement | null;
  /** Traffic behind a last-level cache, and the cache that was assumed. */
  modelled?: ModelledTraffic | null;
  projection?: DocumentProjection | null;
}

export interface ModelledTraffic {
  traffic: Traffic<'modelled'>;
  cache: NonNullable<DocumentTraffic<'modelled'>['cache']>;
}

/** One run. What a measurement did not reach is null; what it did reach is kept, whatever the status. */
export function documentRun(parts: RunParts): DocumentRun {
  const { cost, bound, counted, measurement, tiling, modelled, projection } = parts;
  const { time = null, partial = null } = measurement ?? {};
  return {
    device: parts.device,
    problem: parts.problem,
    ...(parts.point === undefined ? {} : { point: parts.point }),
    engine: parts.engine ?? 'webgpu',
    algorithm: parts.algorithm,
    pass: parts.pass,
    status: parts.status,
    ...(parts.reason === undefined ? {} : { reason: parts.reason }),
    tiling: tiling && { ...tiling },
    time: time && { provenance: 'measured', ...time },
    ...(projection ? { projection } : {}),
    partial: partial && { provenance: 'measured', ...partial },
    traffic: {
      ...(counted ? { counted: documentTraffic(counted) } : {}),
      ...(cost ? { exact: documentTraffic(cost.traffic) } : {}),
      ...(modelled
        ? { modelled: { ...documentTraffic(modelled.traffic), cache: { ...modelled.cache } } }
        : {}),
      ...(bound ? { bound: documentTraffic(bound) } : {}),
    },
    tiles: cost && { ...cost.tiles },
    memory: documentMemory(parts),
    flops: cost && {
      provenance: cost.flops.provenance,
      nominal: toCount(cost.flops.nominal),
      exact: toCount(cost.flops.exact),
    },
    ...(measurement?.deviceNumbers ? { deviceNumbers: { ...measurement.deviceNumbers } } : {}),
    errors: Object.fromEntries(
      Object.entries(measurement?.errors ?? {}).map(([output, error]) => [output, documentError(error)]),
    ),
  };
}

/** Joins the pieces; `createdAt` is a Date so that a test can fix it. */
export function documentOf(parts: {
  createdAt: Date;
  tool: ProfileDocument['tool'];
  devices: DocumentDevice[];
  problems: DocumentProblem[];
  runs: DocumentRun[];
}): ProfileDocument {
  const { createdAt, tool, devices, problems, runs } = parts;
  return {
    format: formatName,
    version: formatVersion,
    createdAt: createdAt.toISOString(),
    ...{ tool, devices, problems, runs },
  };
}

/** The ledger's bytes where the run came to its end, else what the plan would have taken. */
function documentMemory({ cost, measurement }: RunParts): DocumentRun['memory'] {
  const memory = measurement?.status === 'ok' ? measurement.memory : (cost?.memory ?? null);
  return (
    memory && {
      provenance: 'exact',
      peakBytes: toCount(memory.peakBytes),
      buffers: memory.buffers.map(({ name, bytes }) => ({ name, bytes: toCount(bytes) })),
    }
  );
}

function documentError(error: ErrorMeasurement): DocumentRun['errors'][string] {
  const { reference, rows, of, relativeL2, maxAbs, nonFinite } = error;
  return {
    provenance: 'measured',
    ...{ reference, rows, of },
    relativeL2: finiteOrNull(relativeL2),
    maxAbs: finiteOrNull(maxAbs),
    nonFinite,
  };
}

function documentTally({ readBytes, writeBytes, loads, stores }: Tally): DocumentTally {
  return {
    readBytes: toCount(readBytes),
    writeBytes: toCount(writeBytes),
    loads: toCount(loads),
    stores: toCount(stores),
  };
}

function documentBuffers(buffers: Record<string, Tally>): Record<string, DocumentTally> {
  return Object.fromEntries(Object.entries(buffers).map(([name, tally]) => [name, documentTally(tally)]));
}

/** JSON has no NaN and no infinity: a number that is not one is not known. */
function finiteOrNull(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}
