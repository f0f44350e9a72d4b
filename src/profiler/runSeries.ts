import { algorithmPass, type CatalogueRow, catalogue, findAlgorithm } from '../attention/catalogue.ts';
import type { DeviceDescription } from '../attention/limits.ts';
import type { Pass, Problem } from '../attention/problem.ts';
import type { RequestedTiling } from '../attention/tiling.ts';
import type { AdapterChoice, GpuHost, MeasureProgress } from '../host/protocol.ts';
import { documentDevice, documentOf, documentRun } from './document/encode.ts';
import { documentProblem } from './document/problem.ts';
import type { DocumentDevice, DocumentRun, DocumentSweep, ProfileDocument } from './document/schema.ts';
import type { ProfileProgress } from './job.ts';
import { measureRun, outlineOf, type RunResult } from './measureRun.ts';
import { ModelledRows } from './modelledRows.ts';
import { rowsToCheck } from './rowsToCheck.ts';
import type { StandIn } from './standIn.ts';
import { obstacleTo } from './sweep/obstacle.ts';
import { tool } from './tool.ts';

export interface ProfileOptions {
  signal?: AbortSignal;
  onProgress?: (progress: ProfileProgress) => void;
  /** Called after each run with everything measured so far, so that nothing is lost or has to wait. */
  onDocument?: (document: ProfileDocument) => void;
  now?: () => Date;
  /** The row of the device table whose caches are modelled; null leaves that out. */
  standIn?: (device: DeviceDescription) => StandIn | null;
}

/** One algorithm and pass of one problem, one of many. */
export interface SeriesRun {
  row: CatalogueRow;
  pass: Pass;
  problem: Problem;
  tiling: RequestedTiling | null;
  /** The point of the sweep; undefined where there is no sweep. */
  point?: string;
}

export interface Series {
  runs: SeriesRun[];
  /** What the document names, also where no run belongs to it. */
  problems: Problem[];
  sweep?: DocumentSweep;
  adapter: AdapterChoice;
  repeats: number;
  timeBudgetSeconds: number | null;
  /** What an earlier session finished; throws where that was on another device. */
  earlier?: {
    createdAt: Date;
    runOf: (run: SeriesRun) => DocumentRun | null;
    /** Rates that were measured then, until they are measured anew. */
    peaksFor: (device: DocumentDevice) => DeviceDescription['peaks'];
  } | null;
}

/** A run of the series that came to an end, now or earlier. */
export interface FinishedRun {
  planned: SeriesRun;
  written: () => DocumentRun;
}

/** Algorithms in the order asked for, each in every pass; what an algorithm cannot do is skipped in its place. */
export function algorithmRuns(
  algorithms: readonly string[],
  passes: readonly Pass[],
  rest: Omit<SeriesRun, 'row' | 'pass'>,
): SeriesRun[] {
  return algorithms.flatMap((id) => {
    const row = findAlgorithm(id);
    if (!row) {
      const known = catalogue.map((each) => each.id).join(', ');
      throw new RangeError(`unknown algorithm "${id}": there are ${known}`);
    }
    return passes.map((pass) => ({ row, pass, ...rest }));
  });
}

/**
 * Runs one thing after the other on one device and returns the document. A run that does not fit, fails or hangs is
 * a row of the document; the series goes on. Throws `AbortError` when cancelled and `HostError` where no device opens.
 */
export async function runSeries(
  series: Series,
  host: GpuHost,
  options: ProfileOptions = {},
): Promise<ProfileDocument> {
  const { runs, adapter, earlier } = series;
  const { signal, onProgress, onDocument, now = () => new Date(), standIn } = options;
  onProgress?.({ message: 'Opening the GPU', fraction: 0 });
  let device = await host.open(adapter, signal);
  const earlierPeaks = earlier?.peaksFor(documentDevice(device)) ?? null;
  const described = () => (device.peaks ? device : { ...device, peaks: earlierPeaks });
  const models = new ModelledRows(host, standIn);
  const createdAt = earlier?.createdAt ?? now();
  const slots = runs.map((planned): FinishedRun | null => {
    const kept = earlier?.runOf(planned);
    return kept ? keptRun(planned, kept, described, models) : null;
  });
  const finished = () => slots.filter((slot) => slot !== null);
  const problems = series.problems.map(documentProblem);
  const documentSoFar = (): ProfileDocument => ({
    ...documentOf({
      ...{ createdAt, tool, problems },
      devices: [documentDevice(described())],
      runs: finished().map(({ written }) => written()),
    }),
    ...(series.sweep ? { sweep: series.sweep } : {}),
  });
  for (const [index, planned] of runs.entries()) {
    if (slots[index]) continue;
    signal?.throwIfAborted();
    const done = finished().length;
    const say = (message: string, fraction: number) =>
      onProgress?.({ message: `${nameOf(planned)}: ${message}`, fraction: (done + fraction) / runs.length });
    const obstacle = obstacleTo(planned, finished());
    const result = obstacle
      ? { ...outlineOf(planned, device.limits), reason: obstacle }
      : await measureRun(requestOf(series, planned), device, host, {
          ...(signal ? { signal } : {}),
          onProgress: (progress) => say(inWords(planned, progress), Math.min(1, progress.fraction)),
        });
    slots[index] = finishedRun(planned, result, described, models);
    models.begin(result, planned.problem, device);
    // Peaks are measured with the first timed run; the description has them from then on.
    if (result.status !== 'skipped') device = await describeAgain(device, adapter, host, signal);
    say(result.status, 1);
    onDocument?.(documentSoFar());
  }
  onProgress?.({ message: 'modelling caches', fraction: 1 });
  await models.settled();
  return documentSoFar();
}

function requestOf(series: Series, { row, pass, problem, tiling }: SeriesRun) {
  const { adapter, repeats, timeBudgetSeconds } = series;
  return {
    ...{ row, pass, problem, tiling, adapter },
    steps: { check: { rows: rowsToCheck(problem, pass) }, count: true, time: { samples: repeats } },
    budgetMs: timeBudgetSeconds === null ? null : timeBudgetSeconds * 1000,
  };
}

/** Written anew only when a model or the device's own rates become known: a sweep asks for all runs after each. */
function finishedRun(
  planned: SeriesRun,
  result: RunResult,
  device: () => DeviceDescription,
  models: ModelledRows,
): FinishedRun {
  const { problem, point } = planned;
  let last: { known: string; run: DocumentRun } | null = null;
  const written = () => {
    const description = device();
    const known = JSON.stringify([description.peaks, models.has(result)]);
    if (last?.known !== known) {
      const place = { device: description.id, problem: documentProblem(problem).id, point };
      const rows = models.of(result, problem, description);
      last = { known, run: documentRun({ ...result, ...rows, ...place }) };
    }
    return last.run;
  };
  return { planned, written };
}

/** A run of an earlier session, which may have ended before the caches were modelled for it. */
function keptRun(
  planned: SeriesRun,
  kept: DocumentRun,
  device: () => DeviceDescription,
  models: ModelledRows,
): FinishedRun {
  if (kept.traffic.modelled || !kept.tiling) return { planned, written: () => kept };
  const { row, pass, problem } = planned;
  const cost = algorithmPass(row, pass).cost(problem, kept.tiling, kept.deviceNumbers);
  const outline = { ...outlineOf(planned, device().limits), cost, tiling: kept.tiling };
  models.begin(outline, problem, device());
  const written = () => {
    if (!models.has(outline)) return kept;
    const place = { device: kept.device, problem: kept.problem };
    const { traffic, projection } = documentRun({
      ...outline,
      ...models.of(outline, problem, device()),
      ...place,
    });
    const modelled = traffic.modelled ? { modelled: traffic.modelled } : {};
    return { ...kept, ...(projection ? { projection } : {}), traffic: { ...kept.traffic, ...modelled } };
  };
  return { planned, written };
}

/** A host that died in the last run may not open again; what is known of the device stands. */
async function describeAgain(
  device: DeviceDescription,
  adapter: AdapterChoice,
  host: GpuHost,
  signal: AbortSignal | undefined,
): Promise<DeviceDescription> {
  try {
    return await host.open(adapter, signal);
  } catch (error) {
    if (signal?.aborted) throw error;
    return device;
  }
}

function nameOf({ row, pass, point }: SeriesRun): string {
  const name = pass === 'forward' ? row.id : `${row.id} ${pass}`;
  return point === undefined ? name : `${point} ${name}`;
}

function inWords({ row, pass }: SeriesRun, { phase, stage }: MeasureProgress): string {
  const doing = {
    upload: 'generating inputs',
    compile: 'compiling',
    run: 'first run',
    check: 'comparing with float64',
    count: 'counting accesses',
    time: 'timing',
    readback: 'reading back',
  }[phase];
  const where = stage && algorithmPass(row, pass).stages.length > 1 ? ` (${stage})` : '';
  return doing + where;
}
