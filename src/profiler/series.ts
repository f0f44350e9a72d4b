import { type CatalogueRow, catalogue, findAlgorithm } from '../attention/catalogue.ts';
import type { DeviceDescription } from '../attention/limits.ts';
import type { Pass, Problem } from '../attention/problem.ts';
import type { RequestedTiling } from '../attention/tiling.ts';
import type { AdapterChoice } from '../host/protocol.ts';
import type { DocumentDevice, DocumentRun, DocumentSweep } from './document/schema.ts';

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
