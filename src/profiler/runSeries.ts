import type { DeviceDescription } from '../attention/limits.ts';
import type { GpuHost } from '../host/protocol.ts';
import { describeAgain } from './describeAgain.ts';
import { documentDevice, documentOf } from './document/encode.ts';
import { documentProblem } from './document/problem.ts';
import type { ProfileDocument } from './document/schema.ts';
import { type FinishedRun, finishedRun, keptRun } from './finishedRun.ts';
import type { ProfileProgress } from './job.ts';
import { measureRun, outlineOf } from './measureRun.ts';
import { ModelledRows } from './modelledRows.ts';
import { rowsToCheck } from './rowsToCheck.ts';
import { inWords, nameOf } from './runWords.ts';
import type { Series, SeriesRun } from './series.ts';
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
