import type { DocumentRun } from '../document/schema.ts';
import type { SweepLine } from './lines.ts';

/**
 * From which size a line stays faster than a baseline, beyond the noise: from `from` to `to`, the largest size at
 * which both were timed, the upper quartile of its samples lies below the lower quartile of the baseline's. `from`
 * is null where that does not hold at `to`; `there` then says what does. `ratio` is of the medians at `to`.
 */
export interface Crossover {
  from: number | null;
  to: number;
  /** Whether `from` is the smallest size at which both were timed: the crossing lies below the sweep. */
  fromStart: boolean;
  there: 'faster' | 'slower' | 'noise';
  /** Baseline's median by the line's own, at `to`. */
  ratio: number;
}

type Time = NonNullable<DocumentRun['time']>;

/** Null where the two were timed at no common size. */
export function crossoverOf(baseline: SweepLine, line: SweepLine): Crossover | null {
  const times = new Map(baseline.cells.map(({ value, run }) => [value, timeOf(run)]));
  const pairs = line.cells.flatMap(({ value, run }) => {
    const before = times.get(value);
    const after = timeOf(run);
    return before && after ? [{ value, before, after }] : [];
  });
  const last = pairs.at(-1);
  if (!last) return null;
  const isFaster = ({ before, after }: { before: Time; after: Time }) => after.p75Ms < before.p25Ms;
  const lastOther = pairs.findLastIndex((pair) => !isFaster(pair));
  return {
    from: pairs[lastOther + 1]?.value ?? null,
    to: last.value,
    fromStart: lastOther === -1,
    there: isFaster(last) ? 'faster' : last.after.p25Ms > last.before.p75Ms ? 'slower' : 'noise',
    ratio: last.after.medianMs > 0 ? last.before.medianMs / last.after.medianMs : Number.POSITIVE_INFINITY,
  };
}

/** The first size past the last one that came to its end; null where the line goes through, or never began. */
export function endOf({ cells }: SweepLine): { last: number; next: number; run: DocumentRun } | null {
  const lastOk = cells.findLastIndex(({ run }) => run?.status === 'ok');
  const next = cells.slice(lastOk + 1).find(({ run }) => run !== null);
  return lastOk >= 0 && next?.run ? { last: cells[lastOk]!.value, next: next.value, run: next.run } : null;
}

/** A run that did not come to its end has times of a part alone. */
function timeOf(run: DocumentRun | null): Time | null {
  return run?.status === 'ok' ? run.time : null;
}
