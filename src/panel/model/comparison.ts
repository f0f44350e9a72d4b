import type {
  DocumentDevice,
  DocumentProblem,
  DocumentRun,
  ProfileDocument,
} from '../../profiler/document/schema.ts';

/** Runs that may stand side by side: one problem, one pass, one device. */
export interface Comparison {
  /** Stable within a document. */
  key: string;
  /** Null where a document names a device or problem that it does not describe. */
  device: DocumentDevice | null;
  problem: DocumentProblem | null;
  pass: DocumentRun['pass'];
  runs: DocumentRun[];
}

/** The comparisons of a document, in the order in which their first runs stand. */
export function comparisonsOf(document: ProfileDocument): Comparison[] {
  const found = new Map<string, Comparison>();
  for (const run of document.runs) {
    const key = JSON.stringify([run.device, run.problem, run.pass]);
    let comparison = found.get(key);
    if (!comparison) {
      comparison = {
        key,
        device: document.devices.find((device) => device.id === run.device) ?? null,
        problem: document.problems.find((problem) => problem.id === run.problem) ?? null,
        pass: run.pass,
        runs: [],
      };
      found.set(key, comparison);
    }
    comparison.runs.push(run);
  }
  return [...found.values()];
}

/** Names that tell the runs of a comparison apart: the algorithm, and a number where it stands twice. */
export function runNames(runs: readonly DocumentRun[]): string[] {
  const seen = new Map<string, number>();
  return runs.map((run) => {
    const times = (seen.get(run.algorithm) ?? 0) + 1;
    seen.set(run.algorithm, times);
    return times === 1 ? run.algorithm : `${run.algorithm} (${times})`;
  });
}
