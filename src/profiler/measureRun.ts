import { algorithmPass, type CatalogueRow, chooseTiling } from '../attention/catalogue.ts';
import { boundTraffic } from '../attention/cost/bound.ts';
import type { DeviceDescription, DeviceLimits } from '../attention/limits.ts';
import type { Pass, Problem } from '../attention/problem.ts';
import { unsupported } from '../attention/support.ts';
import type { RequestedTiling } from '../attention/tiling.ts';
import { HostError } from '../host/errors.ts';
import type {
  AdapterChoice,
  GpuHost,
  MeasureProgress,
  MeasureRequest,
  TensorFiles,
} from '../host/protocol.ts';
import { countedTraffic } from '../plans/counting/collect.ts';
import { linkPlan } from '../plans/link.ts';
import { planFor } from '../plans/planFor.ts';
import type { RunParts } from './document/encode.ts';

export interface RunRequest {
  row: CatalogueRow;
  pass: Pass;
  problem: Problem;
  adapter: AdapterChoice;
  tiling: RequestedTiling | null;
  steps: MeasureRequest['steps'];
  budgetMs: number | null;
  files?: TensorFiles;
}

/** What a run came to, before the document names its device and problem. */
export type RunResult = Omit<RunParts, 'device' | 'problem'>;

/**
 * One algorithm on one problem: plan, link, measure, and set the counts beside the closed forms. What the
 * algorithm does not support, and a plan that does not fit, is `skipped`; whatever goes wrong on the device
 * is `failed`; only a cancellation and a host that cannot start at all are thrown.
 */
export async function measureRun(
  request: RunRequest,
  device: DeviceDescription,
  host: GpuHost,
  options: { signal?: AbortSignal; onProgress?: (progress: MeasureProgress) => void } = {},
): Promise<RunResult> {
  const { row, pass, problem } = request;
  const result = outlineOf(request, device.limits);
  const planned = planFor(row, pass, problem, device.limits, request.tiling);
  if (!planned.ok) return { ...result, reason: planned.reason };
  const { plan } = planned;
  const modules = await linkPlan(plan, device.features);
  options.signal?.throwIfAborted();
  try {
    const measurement = await host.measure(
      request.adapter,
      {
        ...{ plan, modules, steps: request.steps, budgetMs: request.budgetMs },
        ...(request.files ? { files: request.files } : {}),
      },
      options,
    );
    const { status, reason, counts, deviceNumbers } = measurement;
    if (measurement.doesNotFit)
      return { ...result, tiling: null, ...(reason === undefined ? {} : { reason }) };
    return {
      ...result,
      status,
      reason,
      measurement,
      cost: deviceNumbers ? algorithmPass(row, pass).cost(problem, plan.tiling, deviceNumbers) : result.cost,
      counted: counts && countedTraffic(modules, plan.stages, counts),
    };
  } catch (error) {
    if (!(error instanceof HostError) || fatalKinds.has(error.kind)) throw error;
    return { ...result, status: 'failed', reason: error.message };
  }
}

/** What is known of a run before anything is measured: the tiling, the closed forms and the bound. It is `skipped`. */
export function outlineOf(
  { row, pass, problem, tiling: requested }: Pick<RunRequest, 'row' | 'pass' | 'problem' | 'tiling'>,
  limits: DeviceLimits,
): RunResult {
  const refusal = unsupported(row, problem, pass);
  const tiling = refusal ? null : chooseTiling(row, problem, limits, requested ?? {}, pass);
  return {
    algorithm: row.id,
    pass,
    status: 'skipped',
    tiling: tiling?.ok && tiling.value.headsPerSlice > 0 ? tiling.value : null,
    cost: tiling?.ok ? algorithmPass(row, pass).cost(problem, tiling.value) : null,
    bound: boundTraffic(problem, pass),
    counted: null,
    measurement: null,
  };
}

/** Failures after which no other run can succeed either, and the user's own wish to stop. */
export const fatalKinds: ReadonlySet<HostError['kind']> = new Set([
  'cancelled',
  'disposed',
  'no-node',
  'no-dawn',
  'no-adapter',
  'no-readback',
]);
