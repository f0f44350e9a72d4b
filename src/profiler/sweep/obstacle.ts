import type { DocumentRun } from '../document/schema.ts';
import type { FinishedRun } from '../finishedRun.ts';
import type { SeriesRun } from '../series.ts';
import { isLarger } from './points.ts';

/**
 * Why a run is not worth trying: the same algorithm and pass did not fit, or ran out of its time budget, at a point
 * that is smaller or equal in every size. Null where nothing speaks against it. `finished` is in the order of the
 * series, small points first.
 */
export function obstacleTo(planned: SeriesRun, finished: readonly FinishedRun[]): string | null {
  for (const { planned: smaller, written } of finished) {
    if (smaller.row !== planned.row || smaller.pass !== planned.pass || !isLarger(planned, smaller)) continue;
    const run = written();
    const what = run.status === 'stopped' ? 'was stopped' : doesNotFit(run) ? 'does not fit' : null;
    if (what !== null) return `Not tried: it ${what} at ${smaller.point} already (${run.reason})`;
  }
  return null;
}

/** Skipped because the device has no room for it, in a binding or at all: it has a cost, and no tiling that could run. */
export function doesNotFit({ status, memory, tiling }: DocumentRun): boolean {
  return status === 'skipped' && memory !== null && tiling === null;
}
