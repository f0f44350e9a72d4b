import { algorithmPass } from '../attention/catalogue.ts';
import type { DeviceDescription } from '../attention/limits.ts';
import type { Tiling } from '../attention/tiling.ts';
import { documentRun } from './document/encode.ts';
import { documentProblem } from './document/problem.ts';
import type { DocumentRun } from './document/schema.ts';
import { outlineOf, type RunResult } from './measureRun.ts';
import type { ModelledRows } from './modelledRows.ts';
import type { SeriesRun } from './series.ts';

/** A run of the series that came to an end, now or earlier. */
export interface FinishedRun {
  planned: SeriesRun;
  written: () => DocumentRun;
}

/** Written anew only when a model or the device's own rates become known: a sweep asks for all runs after each. */
export function finishedRun(
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
export function keptRun(
  planned: SeriesRun,
  kept: DocumentRun,
  device: () => DeviceDescription,
  models: ModelledRows,
): FinishedRun {
  const { row, pass, problem } = planned;
  const chosen = outlineOf(planned, device().limits);
  const { tiling } = chosen;
  // A file can say anything; a model is made for the tiling alone that the device would run.
  if (kept.traffic.modelled || !tiling || !sameTiling(tiling, kept.tiling)) {
    return { planned, written: () => kept };
  }
  const cost = algorithmPass(row, pass).cost(problem, tiling, kept.deviceNumbers);
  const outline = { ...chosen, cost };
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

function sameTiling(a: Tiling, b: DocumentRun['tiling']): boolean {
  const words = (tiling: Tiling | null) =>
    tiling && [tiling.br, tiling.bc, tiling.dc, tiling.splits, tiling.headsPerSlice].join();
  return words(a) === words(b);
}
