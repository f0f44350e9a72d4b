import { catalogue, chooseTiling } from '../../../src/attention/catalogue.ts';
import { boundTraffic } from '../../../src/attention/cost/bound.ts';
import type { Cost } from '../../../src/attention/cost/cost.ts';
import { gpuTable } from '../../../src/attention/devices/table.ts';
import { type DeviceDescription, guaranteedLimits } from '../../../src/attention/limits.ts';
import { noOptions, type Problem } from '../../../src/attention/problem.ts';
import { machineOfGpu } from '../../../src/attention/projection/machine.ts';
import { stagesOfCost } from '../../../src/attention/projection/ofCost.ts';
import { projectTime } from '../../../src/attention/projection/projectTime.ts';
import { wgslTraits } from '../../../src/attention/projection/traits.ts';
import { parseShape } from '../../../src/attention/shape.ts';
import type { Traffic } from '../../../src/attention/traffic.ts';
import type { ErrorMeasurement, Measurement, TimeMeasurement } from '../../../src/gpu/measurement.ts';
import { median, quartiles } from '../../../src/gpu/statistics.ts';
import { documentDevice, documentOf, documentRun } from '../../../src/profiler/document/encode.ts';
import { documentProblem } from '../../../src/profiler/document/problem.ts';
import { documentProjection } from '../../../src/profiler/document/projection.ts';
import type { DocumentRun, ProfileDocument } from '../../../src/profiler/document/schema.ts';
import { modelledTraffic } from '../../../src/profiler/modelledTraffic.ts';

/*
 * Fixtures for the panel: documents as a profile writes them, with no GPU. Traffic, memory and tilings are
 * the real closed forms, and "counted" repeats them. Times are computed, not measured: exact FLOPs over an
 * assumed rate, spread by a fixed wave. Nothing here is a result.
 */

export const fixtureDevice: DeviceDescription = {
  id: 'fixture-software',
  name: 'SwiftShader Device (fixture)',
  vendor: 'google',
  architecture: 'swiftshader',
  driver: null,
  backend: 'vulkan',
  type: 'software',
  features: ['timestamp-query', 'subgroups'],
  limits: { ...guaranteedLimits, maxComputeWorkgroupStorageSize: 32_768 },
  peaks: null,
};

export const fixtureGpu: DeviceDescription = {
  ...fixtureDevice,
  id: 'fixture-gpu',
  name: 'Example GPU (fixture)',
  vendor: 'example',
  architecture: 'example-1',
  type: 'discrete',
};

export function fixtureProblem(shape: string, causal: Problem['causal'] = false): Problem {
  const parsed = parseShape(shape);
  if (!parsed.ok) throw new Error(parsed.error);
  return { ...parsed.value, ...noOptions, dtype: 'f32', causal, seed: 0 };
}

interface RunOptions {
  /** Assumed rate; lower is slower. */
  gflops?: number;
  device?: DeviceDescription;
  change?: (run: DocumentRun) => void;
}

const sampleCount = 15;

const standIn = gpuTable.find(({ id }) => id === 'a100-80gb-sxm')!;

/** Projected for the GPU that stands in: a real projection, though of another device. */
function fixtureProjection(cost: Cost) {
  const projection = projectTime(stagesOfCost(cost), machineOfGpu(standIn), wgslTraits('table'));
  return projection.ok ? documentProjection(projection.value) : null;
}

/** A run that went well. */
export function okRun(problem: Problem, algorithm: string, options: RunOptions = {}): DocumentRun {
  const { device = fixtureDevice, gflops = 12, change } = options;
  const { row, tiling, cost } = planned(problem, algorithm);
  const measurement: Measurement = {
    status: 'ok',
    time: fixtureTime(cost, row.forward.stages, gflops),
    partial: null,
    counts: null,
    errors: {
      o: fixtureError(problem, 2.1e-7),
      ...(algorithm === 'flash2' ? { lse: fixtureError(problem, 4.4e-8) } : {}),
    },
    memory: { ...cost.memory, harnessPeakBytes: 0 },
  };
  const run = documentRun({
    device: device.id,
    problem: documentProblem(problem).id,
    algorithm,
    pass: 'forward',
    status: 'ok',
    tiling,
    cost,
    bound: boundTraffic(problem),
    counted: { ...cost.traffic, provenance: 'counted' } as Traffic<'counted'>,
    measurement,
    modelled: modelledTraffic(row.forward, problem, tiling, standIn),
    projection: fixtureProjection(cost),
  });
  change?.(run);
  return run;
}

/** A run that did not come to its end: skipped before it began, stopped by a budget, or failed. */
export function unfinishedRun(
  problem: Problem,
  algorithm: string,
  status: 'skipped' | 'stopped' | 'failed',
  reason: string,
): DocumentRun {
  const { tiling, cost } = planned(problem, algorithm);
  const slicesMs = [812, 840, 806];
  const elapsedMs = slicesMs.reduce((a, b) => a + b, 0);
  const measurement: Measurement = {
    status: status === 'stopped' ? 'stopped' : 'failed',
    time: null,
    partial: { slicesDone: 3, slices: 96, elapsedMs, predictedMs: (elapsedMs / 3) * 96, slicesMs },
    counts: null,
    errors: null,
    memory: { ...cost.memory, harnessPeakBytes: 0 },
  };
  return documentRun({
    device: fixtureDevice.id,
    problem: documentProblem(problem).id,
    algorithm,
    pass: 'forward',
    status,
    reason,
    tiling: status === 'skipped' ? null : tiling,
    cost: status === 'skipped' ? null : cost,
    bound: boundTraffic(problem),
    counted: null,
    measurement: status === 'stopped' ? measurement : null,
  });
}

export function fixtureDocument(
  problem: Problem,
  runs: DocumentRun[],
  device = fixtureDevice,
): ProfileDocument {
  return documentOf({
    createdAt: new Date('2026-01-31T12:00:00.000Z'),
    tool: { name: 'attention-profiler', version: '0.1.0' },
    devices: [documentDevice(device)],
    problems: [documentProblem(problem)],
    runs,
  });
}

/** Standard beside flash2, both done. */
export function sideBySide(shape = '1,8,512,64'): ProfileDocument {
  const problem = fixtureProblem(shape);
  return fixtureDocument(problem, [okRun(problem, 'standard', { gflops: 4 }), okRun(problem, 'flash2')]);
}

function planned(problem: Problem, algorithm: string) {
  const row = catalogue.find(({ id }) => id === algorithm);
  if (!row) throw new Error(`no algorithm ${algorithm}`);
  const tiling = chooseTiling(row, problem, fixtureDevice.limits);
  if (!tiling.ok) throw new Error(tiling.error);
  return { row, tiling: tiling.value, cost: row.forward.cost(problem, tiling.value) };
}

function fixtureTime(cost: Cost, stages: readonly string[], gflops: number): TimeMeasurement {
  const idealMs = Number(cost.flops.exact) / gflops / 1e6;
  const samplesMs = Array.from(
    { length: sampleCount },
    (_, index) => idealMs * (1 + 0.06 * Math.sin(index * 2.4)),
  );
  const { median: medianMs, p25, p75 } = quartiles(samplesMs);
  const bytes = cost.traffic.stages.map((stage) => Number(stage.readBytes + stage.writeBytes));
  const all = bytes.reduce((a, b) => a + b, 0);
  return {
    medianMs,
    p25Ms: p25,
    p75Ms: p75,
    wallMedianMs: median(samplesMs.map((sample) => sample + 0.4)),
    samplesMs,
    stages: stages.map((name, index) => ({ name, medianMs: (medianMs * bytes[index]!) / all })),
    clock: 'timestamp-query',
  };
}

function fixtureError({ batch, heads, seqLenQ }: Problem, relativeL2: number): ErrorMeasurement {
  const rows = batch * heads * seqLenQ;
  return { reference: 'float64', rows, of: rows, relativeL2, maxAbs: relativeL2 * 4, nonFinite: 0 };
}
