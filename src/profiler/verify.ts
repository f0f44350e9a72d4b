import { type CatalogueRow, catalogue, chooseTiling, findAlgorithm } from '../attention/catalogue.ts';
import type { DeviceDescription } from '../attention/limits.ts';
import { visiblePairs } from '../attention/mask.ts';
import { type Dtype, type Pass, type Problem, problemId } from '../attention/problem.ts';
import { unsupported } from '../attention/support.ts';
import { formatError } from '../attention/units.ts';
import type { AdapterChoice, GpuHost } from '../host/protocol.ts';
import { coverage } from './covering.ts';
import type { ProfileProgress } from './job.ts';
import { measureRun, type RunResult } from './measureRun.ts';
import { trafficDifference } from './sameTraffic.ts';
import { type VerifyCase, verifyCases, verifyFactors } from './verifyCases.ts';

export interface VerifyRequest {
  algorithms: string[];
  adapter: AdapterChoice;
  seed: number;
  /** At most this many of the covering problems, spread evenly over them; null for all. */
  cases: number | null;
  /** Every combination of this many options meets: 2 by default. */
  strength?: 2 | 3;
}

export interface VerifiedCase {
  algorithm: string;
  pass: Pass;
  /** The problem in short, and the tiling that ran. */
  options: string;
  /** Largest relative L2 error of the outputs against float64; null where nothing could be compared. */
  error: number | null;
  /** The bound of that output. */
  bound: number;
  ok: boolean;
  /** Why not ok. */
  reason: string | null;
}

export interface VerifyReport {
  adapter: string;
  seed: number;
  /** Combinations of options that the problems contain, of those there are. */
  coverage: { strength: number; problems: number; combinations: number; covered: number };
  cases: VerifiedCase[];
  passed: number;
  failed: number;
}

/**
 * `standard` must stay under these; every other algorithm within twice its error and `epsilon`, where the
 * standard algorithm has the output, else under these too. 16-bit bounds are a few roundings of an output.
 */
const standardBound: Record<Dtype, number> = { f32: 1e-5, f16: 2e-3, bf16: 1.5e-2 };
const epsilon: Record<Dtype, number> = { f32: 1e-6, f16: 1e-4, bf16: 1e-3 };
/**
 * The same for dQ and dK, which take delta = rowsum(dO O) from an O rounded to the storage type: about twice
 * and four times its unit roundoff. The standard algorithm keeps P in f32 and needs no delta.
 */
const gradientEpsilon: Record<Dtype, number> = { f32: 1e-6, f16: 1e-3, bf16: 8e-3 };
/**
 * In a row that sees one key dS = P (dP - delta) is a difference of nearly equal numbers, and the rounding
 * of the stored O, which delta comes from, is most of it. Where rows see two keys or fewer on average,
 * gradients from 16-bit storage may be this many times as far off.
 */
const lonelyRowFactor = 20;
/** Row statistics are f32 whatever the storage type. */
const statisticBound = 1e-5;

/**
 * Runs every algorithm and pass on the same covering problems, outputs poisoned beforehand, and holds each
 * to: every row of every output close to float64, nothing left unwritten, counted equal to exact in every
 * buffer and stage, and the ledger's peak equal to the exact memory. The rule for errors is
 * FlashAttention's: at most twice the standard kernel's.
 */
export async function verify(
  request: VerifyRequest,
  host: GpuHost,
  options: { signal?: AbortSignal; onProgress?: (progress: ProfileProgress) => void } = {},
): Promise<VerifyReport> {
  const rows = request.algorithms.map((id) => {
    const row = findAlgorithm(id);
    if (!row) {
      const known = catalogue.map((each) => each.id).join(', ');
      throw new RangeError(`unknown algorithm "${id}": there are ${known}`);
    }
    return row;
  });
  const strength = request.strength ?? 2;
  const device = await host.open(request.adapter, options.signal);
  const problems = spread(verifyCases(request.seed, strength), request.cases);
  const cases: VerifiedCase[] = [];
  for (const [index, verifyCase] of problems.entries()) {
    const context = { verifyCase, adapter: request.adapter, device, host, signal: options.signal };
    for (const pass of ['forward', 'backward'] as const) {
      let baseline: RunResult | null = null;
      for (const row of rows) {
        const own = takenProblem(row, pass, verifyCase);
        if (!own) continue;
        options.onProgress?.({
          message: `${row.id} ${pass}: ${problemId(verifyCase.problem)}`,
          fraction: index / problems.length,
        });
        baseline ??= await standardRun(pass, context);
        const result =
          row.id === 'standard' && baseline
            ? baseline
            : await runCase(row, pass, { ...context, verifyCase: own });
        // With a mask of blocks it is another problem than the one the standard algorithm solved.
        const comparable = own === verifyCase && row.id !== 'standard';
        cases.push(judge(row, own, result, comparable ? baseline : null));
      }
    }
  }
  const passed = cases.filter(({ ok }) => ok).length;
  const covered = coverage(
    verifyFactors,
    strength,
    problems.map(({ row }) => row),
  );
  return {
    adapter: device.name,
    seed: request.seed,
    coverage: { strength, problems: problems.length, ...covered },
    cases,
    passed,
    failed: cases.length - passed,
  };
}

/** The case as an algorithm can take it: as it is, or with its mask of blocks; null where neither. */
function takenProblem(row: CatalogueRow, pass: Pass, verifyCase: VerifyCase): VerifyCase | null {
  if (!row.passes.includes(pass)) return null;
  if (unsupported(row, verifyCase.problem, pass) === null) return verifyCase;
  const problem = { ...verifyCase.problem, blockMask: verifyCase.blockMask };
  return unsupported(row, problem, pass) === null ? { ...verifyCase, problem } : null;
}

/** At most `count` of the items, evenly from first to last. */
function spread<T>(items: readonly T[], count: number | null): T[] {
  if (count === null || count >= items.length) return [...items];
  return Array.from({ length: count }, (_, index) => items[Math.floor((index * items.length) / count)]!);
}

interface CaseContext {
  verifyCase: VerifyCase;
  adapter: AdapterChoice;
  device: DeviceDescription;
  host: GpuHost;
  signal: AbortSignal | undefined;
}

/** The standard algorithm on the same problem; null where it cannot do it. */
async function standardRun(pass: Pass, context: CaseContext): Promise<RunResult | null> {
  const standard = findAlgorithm('standard')!;
  const { problem } = context.verifyCase;
  const can = standard.passes.includes(pass) && unsupported(standard, problem, pass) === null;
  return can ? runCase(standard, pass, context) : null;
}

function runCase(
  row: CatalogueRow,
  pass: Pass,
  { verifyCase: { problem, tiling }, adapter, device, host, signal }: CaseContext,
): Promise<RunResult> {
  // A forced tiling that this device cannot hold gives way to the default: the case still runs.
  const fits = chooseTiling(row, problem, device.limits, tiling ?? {}, pass).ok;
  const steps = { check: { rows: 'all' as const }, count: true, time: null };
  const request = { row, pass, problem, adapter, tiling: fits ? tiling : null, steps, budgetMs: null };
  return measureRun(request, device, host, signal ? { signal } : {});
}

function judge(
  row: CatalogueRow,
  { problem }: VerifyCase,
  result: RunResult,
  baseline: RunResult | null,
): VerifiedCase {
  const outputs = Object.entries(result.measurement?.errors ?? {}).map(([output, error]) => ({
    output,
    ...error,
    bound: boundOf(row, output, problem, baseline),
  }));
  const worst = outputs.reduce<(typeof outputs)[number] | null>(
    (most, each) => (most && most.relativeL2 / most.bound >= each.relativeL2 / each.bound ? most : each),
    null,
  );
  const bounded = row.leavesRange?.(problem) ? [] : outputs;
  const reason = faultOf(result) ?? bounded.map(outputFault).find((fault) => fault !== null) ?? null;
  const { br, bc, dc } = result.tiling ?? { br: 0, bc: 0, dc: 0 };
  return {
    algorithm: row.id,
    pass: result.pass,
    options: `${problemId(problem)} br${br} bc${bc} dc${dc}`,
    error: worst?.relativeL2 ?? null,
    bound: worst?.bound ?? standardBound[problem.dtype],
    ok: reason === null,
    reason,
  };
}

function boundOf(row: CatalogueRow, output: string, problem: Problem, baseline: RunResult | null): number {
  const { dtype, batch, seqLenQ } = problem;
  if (output === 'lse') return statisticBound;
  const isGradient = output === 'dq' || output === 'dk';
  const lonely = isGradient && dtype !== 'f32' && visiblePairs(problem) <= 2 * batch * seqLenQ;
  const factor = lonely ? lonelyRowFactor : 1;
  if (row.errorBound) return factor * row.errorBound[dtype];
  const standard = baseline?.measurement?.errors?.[output]?.relativeL2;
  return (
    factor *
    (standard === undefined
      ? standardBound[dtype]
      : 2 * standard + (isGradient ? gradientEpsilon : epsilon)[dtype])
  );
}

function outputFault(each: {
  output: string;
  relativeL2: number;
  bound: number;
  nonFinite: number;
}): string | null {
  const { output, relativeL2, bound, nonFinite } = each;
  if (nonFinite > 0) return `${nonFinite} elements of ${output} are not finite`;
  if (relativeL2 <= bound) return null;
  return `error of ${output} ${formatError(relativeL2)} is above ${formatError(bound)}`;
}

function faultOf({ status, reason, measurement, counted, cost }: RunResult): string | null {
  if (status !== 'ok' || !measurement) return `${status}: ${reason ?? 'no measurement'}`;
  if (Object.keys(measurement.errors ?? {}).length === 0) return 'nothing was compared with float64';
  if (!counted || !cost) return 'nothing was counted';
  const difference = trafficDifference(counted, cost.traffic);
  if (difference) return `counted is not exact: ${difference}`;
  if (measurement.memory.peakBytes !== cost.memory.peakBytes) {
    return `memory: the ledger saw ${measurement.memory.peakBytes} bytes, exact is ${cost.memory.peakBytes}`;
  }
  return null;
}
