import type {
  DocumentDevice,
  DocumentProblem,
  DocumentRun,
  ProfileDocument,
} from '../../profiler/document/schema.ts';

/** Runs that may stand side by side: one problem on one device. Only runs of one pass are compared. */
export interface Comparison {
  /** Stable within a document. */
  key: string;
  /** Null where a document names a device or problem that it does not describe. */
  device: DocumentDevice | null;
  problem: DocumentProblem | null;
  /** In the order in which they first stand. */
  passes: DocumentRun['pass'][];
  runs: DocumentRun[];
}

/** The comparisons of a document, in the order in which their first runs stand. */
export function comparisonsOf(document: ProfileDocument): Comparison[] {
  const found = new Map<string, Comparison>();
  for (const run of document.runs) {
    const key = JSON.stringify([run.device, run.problem]);
    let comparison = found.get(key);
    if (!comparison) {
      comparison = {
        key,
        device: document.devices.find((device) => device.id === run.device) ?? null,
        problem: document.problems.find((problem) => problem.id === run.problem) ?? null,
        passes: [],
        runs: [],
      };
      found.set(key, comparison);
    }
    if (!comparison.passes.includes(run.pass)) comparison.passes.push(run.pass);
    comparison.runs.push(run);
  }
  return [...found.values()];
}

/**
 * Names that tell the runs of a comparison apart: the algorithm, its pass where there are several, and a
 * number where the two stand twice.
 */
export function runNames(runs: readonly DocumentRun[]): string[] {
  const several = new Set(runs.map(({ pass }) => pass)).size > 1;
  const seen = new Map<string, number>();
  return runs.map(({ algorithm, pass }) => {
    const name = several ? `${algorithm} ${pass}` : algorithm;
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return times === 1 ? name : `${name} (${times})`;
  });
}
