import { type CatalogueRow, catalogue, chooseTiling, findAlgorithm } from '../attention/catalogue.ts';
import type { DeviceDescription } from '../attention/limits.ts';
import { type Pass, problemId } from '../attention/problem.ts';
import { formatError } from '../attention/units.ts';
import type { AdapterChoice, GpuHost } from '../host/protocol.ts';
import type { ProfileProgress } from './job.ts';
import { measureRun, type RunResult } from './measureRun.ts';
import { trafficDifference } from './sameTraffic.ts';
import { type VerifyCase, verifyCases } from './verifyCases.ts';

export interface VerifyRequest {
  algorithms: string[];
  adapter: AdapterChoice;
  seed: number;
  cases: number;
}

export interface VerifiedCase {
  algorithm: string;
  pass: Pass;
  /** The problem in short, and the tiling that ran. */
  options: string;
  /** Relative L2 error of O against float64; null where nothing could be compared. */
  error: number | null;
  bound: number;
  ok: boolean;
  /** Why not ok. */
  reason: string | null;
}

export interface VerifyReport {
  adapter: string;
  seed: number;
  cases: VerifiedCase[];
  passed: number;
  failed: number;
}

/** `standard` must stay under this in f32; every other algorithm within twice its error and `epsilon`. */
const standardBound = 1e-5;
const epsilon = 1e-6;

/**
 * Runs every algorithm on the same random problems, outputs poisoned beforehand, and holds each to: every
 * row of O close to float64, nothing left unwritten, counted equal to exact in every buffer and stage, and
 * the ledger's peak equal to the exact memory. The rule for errors is FlashAttention's: at most twice the
 * standard kernel's.
 */
export async function verify(
  request: VerifyRequest,
  host: GpuHost,
  options: { signal?: AbortSignal; onProgress?: (progress: ProfileProgress) => void } = {},
): Promise<VerifyReport> {
  const rows = request.algorithms.map((id) => {
    const row = findAlgorithm(id);
    if (!row)
      throw new RangeError(
        `unknown algorithm "${id}": there are ${catalogue.map((each) => each.id).join(', ')}`,
      );
    return row;
  });
  const device = await host.open(request.adapter, options.signal);
  const cases: VerifiedCase[] = [];
  for (const [index, verifyCase] of verifyCases(request.seed, request.cases).entries()) {
    const shared = { verifyCase, adapter: request.adapter, device, host, signal: options.signal };
    const baseline = await runCase(findAlgorithm('standard')!, shared);
    const baselineError = baseline.measurement?.errors?.o?.relativeL2 ?? 0;
    for (const row of rows) {
      options.onProgress?.({
        message: `${row.id}: ${problemId(verifyCase.problem)}`,
        fraction: index / request.cases,
      });
      const bound = row.id === 'standard' ? standardBound : 2 * baselineError + epsilon;
      const result = row.id === 'standard' ? baseline : await runCase(row, shared);
      cases.push(judge(row, verifyCase, result, bound));
    }
  }
  const passed = cases.filter(({ ok }) => ok).length;
  return { adapter: device.name, seed: request.seed, cases, passed, failed: cases.length - passed };
}

interface CaseContext {
  verifyCase: VerifyCase;
  adapter: AdapterChoice;
  device: DeviceDescription;
  host: GpuHost;
  signal: AbortSignal | undefined;
}

function runCase(
  row: CatalogueRow,
  { verifyCase: { problem, tiling }, adapter, device, host, signal }: CaseContext,
): Promise<RunResult> {
  // A forced tiling that this device cannot hold gives way to the default: the case still runs.
  const fits = chooseTiling(row, problem, device.limits, tiling ?? {}).ok;
  const steps = { check: { rows: 'all' as const }, count: true, time: null };
  const request = {
    row,
    pass: 'forward' as const,
    problem,
    adapter,
    tiling: fits ? tiling : null,
    steps,
    budgetMs: null,
  };
  return measureRun(request, device, host, signal ? { signal } : {});
}

function judge(row: CatalogueRow, { problem }: VerifyCase, result: RunResult, bound: number): VerifiedCase {
  const error = result.measurement?.errors?.o?.relativeL2 ?? null;
  const reason = fault(result, error, bound);
  const { br, bc, dc } = result.tiling ?? { br: 0, bc: 0, dc: 0 };
  return {
    algorithm: row.id,
    pass: result.pass,
    options: `${problemId(problem)} br${br} bc${bc} dc${dc}`,
    error,
    bound,
    ok: reason === null,
    reason,
  };
}

function fault(result: RunResult, error: number | null, bound: number): string | null {
  const { status, reason, measurement, counted, cost } = result;
  if (status !== 'ok' || !measurement) return `${status}: ${reason ?? 'no measurement'}`;
  if (error === null || !Number.isFinite(error)) return 'O could not be compared with float64';
  if (error > bound) return `error of O ${formatError(error)} is above ${formatError(bound)}`;
  for (const [output, { nonFinite, relativeL2 }] of Object.entries(measurement.errors ?? {})) {
    if (nonFinite > 0) return `${nonFinite} elements of ${output} are not finite`;
    if (!(relativeL2 <= standardBound)) return `error of ${output} is ${formatError(relativeL2)}`;
  }
  if (!counted || !cost) return 'nothing was counted';
  const difference = trafficDifference(counted, cost.traffic);
  if (difference) return `counted is not exact: ${difference}`;
  if (measurement.memory.peakBytes !== cost.memory.peakBytes) {
    return `memory: the ledger saw ${measurement.memory.peakBytes} bytes, exact is ${cost.memory.peakBytes}`;
  }
  return null;
}
