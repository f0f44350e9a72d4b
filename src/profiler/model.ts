import { algorithmPass, type CatalogueRow, findAlgorithm } from '../attention/catalogue.ts';
import { boundTraffic } from '../attention/cost/bound.ts';
import type { Cost } from '../attention/cost/cost.ts';
import { costOf } from '../attention/costOf.ts';
import type { GpuModel } from '../attention/devices/device.ts';
import { deviceLimitsOf } from '../attention/devices/limits.ts';
import type { DeviceLimits } from '../attention/limits.ts';
import { frameworkMemory } from '../attention/memory/frameworks.ts';
import { longestRun } from '../attention/memory/longestSequence.ts';
import type { Pass, Problem } from '../attention/problem.ts';
import type { Implementation } from '../attention/projection/implementations/implementation.ts';
import { projectImplementation } from '../attention/projection/implementations.ts';
import { machineOfGpu } from '../attention/projection/machine.ts';
import { stagesOfCost } from '../attention/projection/ofCost.ts';
import { projectTime } from '../attention/projection/projectTime.ts';
import { wgslTraits } from '../attention/projection/traits.ts';
import { onChipElements, theory } from '../attention/theory.ts';
import type { RequestedTiling, Tiling } from '../attention/tiling.ts';
import { formatBytes } from '../attention/units.ts';
import { planFor } from '../plans/planFor.ts';
import { toCount } from './document/counts.ts';
import { documentTable } from './document/device.ts';
import { documentOf, documentRun, type RunParts } from './document/encode.ts';
import { documentProblem } from './document/problem.ts';
import { documentProjection } from './document/projection.ts';
import type { DocumentRun, ProfileDocument } from './document/schema.ts';
import { modelledTraffic, residentOn } from './modelledTraffic.ts';
import { tool } from './tool.ts';

/** One problem on one GPU of the table: nothing is run. */
export interface ModelJob {
  problem: Problem;
  /** Ids of the catalogue. */
  algorithms: readonly string[];
  /** Published implementations to set beside them. */
  implementations: readonly Implementation[];
  passes: readonly Pass[];
  gpu: GpuModel;
  tiling: RequestedTiling | null;
}

/**
 * The document that a profile of the job on that GPU would be modelled to give: exact traffic, FLOPs and memory
 * with the tiling that its limits allow, traffic past its caches, and projected times. What would not fit is
 * skipped with the number and the limit.
 */
export function model(job: ModelJob, now: () => Date = () => new Date()): ProfileDocument {
  const { gpu, passes } = job;
  const device = documentTable(gpu, deviceLimitsOf(gpu));
  const problem = documentProblem(job.problem);
  const place = { device: device.id, problem: problem.id };
  const rows = job.algorithms.map((id) => {
    const row = findAlgorithm(id);
    if (!row) throw new RangeError(`unknown algorithm "${id}"`);
    return row;
  });
  const runs = [
    ...rows.flatMap((row) => passes.map((pass) => ({ ...place, ...algorithmParts(job, row, pass) }))),
    ...job.implementations.flatMap((implementation) =>
      passes
        .flatMap((pass) => implementationParts(job, implementation, pass) ?? [])
        .map((parts) => ({ ...place, ...parts })),
    ),
  ].map((parts) => ({ ...documentRun(parts), ...longestOf(job, parts) }));
  return {
    ...documentOf({ createdAt: now(), tool, devices: [device], problems: [problem], runs }),
    ...theoryOf(job, problem.id),
    frameworkMemory: frameworkMemory(job.problem).map(({ kind, when, account }) => ({
      ...{ problem: problem.id, provenance: account.provenance, kind, when, bytes: toCount(account.bytes) },
      parts: account.parts.map(({ part, bytes }) => ({ part, bytes: toCount(bytes) })),
    })),
  };
}

type Parts = Omit<RunParts, 'device' | 'problem'>;

const nothing = {
  engine: 'model' as const,
  ...{ tiling: null, cost: null, bound: null, counted: null, measurement: null },
};

function algorithmParts(job: ModelJob, row: CatalogueRow, pass: Pass): Parts {
  const { problem, gpu } = job;
  const place = { ...nothing, algorithm: row.id, pass, bound: boundTraffic(problem, pass) };
  const limits = deviceLimitsOf(gpu);
  const found = costOf(row, problem, limits, { pass, tiling: job.tiling ?? {} });
  if (!found.ok) return { ...place, status: 'skipped', reason: found.error };
  const { tiling, cost } = found.value;
  const obstacle = obstacleTo(job, row, pass, tiling, cost, limits);
  if (obstacle !== null) {
    const known = tiling.headsPerSlice > 0 ? tiling : null;
    return { ...place, cost, tiling: known, status: 'skipped', reason: obstacle };
  }
  const chosen = algorithmPass(row, pass);
  const modelled = modelledTraffic(chosen, problem, tiling, gpu);
  const projection = projectTime(
    stagesOfCost(cost, {
      bytesOf: (stage) => stageBytes(modelled?.traffic.stages ?? [], stage),
      residentPerMultiprocessor: residentOn(gpu, chosen, problem, tiling),
    }),
    machineOfGpu(gpu),
    wgslTraits('table'),
  );
  const parts = { ...place, cost, tiling, modelled };
  return projection.ok
    ? { ...parts, status: 'ok', projection: documentProjection(projection.value) }
    : { ...parts, status: 'skipped', reason: projection.error };
}

function stageBytes(
  stages: readonly { name: string; readBytes: bigint; writeBytes: bigint }[],
  name: string,
): bigint | null {
  const stage = stages.find((each) => each.name === name);
  return stage ? stage.readBytes + stage.writeBytes : null;
}

/** Why the plan would not run there: bindings, buffers, or all of memory; null where it would. */
function obstacleTo(
  { problem, gpu, tiling: requested }: ModelJob,
  row: CatalogueRow,
  pass: Pass,
  tiling: Tiling,
  { memory }: Cost,
  limits: DeviceLimits,
): string | null {
  if (tiling.headsPerSlice === 0) {
    const planned = planFor(row, pass, problem, limits, requested);
    if (!planned.ok) return planned.reason;
  }
  if (gpu.memoryBytes === null || memory.peakBytes <= gpu.memoryBytes) return null;
  return (
    `${row.id} needs ${formatBytes(memory.peakBytes)} (${memory.peakBytes} bytes), ` +
    `${gpu.name} has ${formatBytes(gpu.memoryBytes)}`
  );
}

/** Null where the implementation does not exist for the pass, the options or the GPU: a gap, no result. */
function implementationParts(job: ModelJob, implementation: Implementation, pass: Pass): Parts | null {
  if (implementation.unsupported(job.problem, pass, job.gpu) !== null) return null;
  const place = { ...nothing, algorithm: implementation.id, pass };
  const projection = projectImplementation(implementation, job.problem, pass, job.gpu);
  return projection.ok
    ? { ...place, status: 'ok', projection: documentProjection(projection.value) }
    : { ...place, status: 'skipped', reason: projection.error };
}

/** The longest sequence that an algorithm runs in the GPU's memory; nothing where that is not known. */
function longestOf({ problem, gpu }: ModelJob, parts: Parts): Pick<DocumentRun, 'longestSequence'> {
  const row = findAlgorithm(parts.algorithm);
  if (!row || gpu.memoryBytes === null) return {};
  const found = longestRun(row, problem, deviceLimitsOf(gpu), gpu.memoryBytes, { pass: parts.pass });
  return found.ok ? { longestSequence: { ...found.value, memoryBytes: gpu.memoryBytes } } : {};
}

function theoryOf({ problem, gpu, passes }: ModelJob, id: string): Pick<ProfileDocument, 'theory'> {
  const bytes = gpu.sharedMemoryPerMultiprocessorBytes;
  if (bytes === null) return {};
  const onChip = onChipElements(bytes, problem.dtype);
  return {
    theory: passes.map((pass) => {
      const { regime, total } = theory(problem, onChip, pass);
      const term = ({ order, elements }: { order: string; elements: number }) => ({ order, elements });
      return {
        ...{ problem: id, pass, provenance: 'modelled' as const, onChipElements: onChip, regime },
        standard: term(total.standard),
        flash: term(total.flash),
        lowerBound: term(total.lowerBound),
      };
    }),
  };
}
