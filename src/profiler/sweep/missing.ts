import type { DocumentRun, DocumentSweep, ProfileDocument } from '../document/schema.ts';
import { runKey } from './same.ts';
import { shardPoints } from './shard.ts';

/** A run of a sweep by its place in it. */
export type SweepRun = Required<Pick<DocumentRun, 'point' | 'algorithm' | 'pass'>>;

/** Every run of a sweep, in the order in which they are run; of a shard, its own alone. */
export function declaredRuns({ points, algorithms, passes }: DocumentSweep): SweepRun[] {
  return points.flatMap(({ id }) =>
    algorithms.flatMap((algorithm) => passes.map((pass) => ({ point: id, algorithm, pass }))),
  );
}

/** Runs of a sweep that no device has, whatever they came to; of a shard, those of its own points. */
export function missingRuns(document: ProfileDocument): SweepRun[] {
  const { sweep, runs } = document;
  if (!sweep) return [];
  const there = new Set(runs.map(runKey));
  return declaredRuns(ownPart(document, sweep)).filter((run) => !there.has(runKey(run)));
}

/** The sweep with the points of the document's shard alone. */
function ownPart({ problems }: ProfileDocument, sweep: DocumentSweep): DocumentSweep {
  const { shard, points } = sweep;
  if (!shard) return sweep;
  const known = new Map(problems.map((each) => [each.id, each]));
  const own = shardPoints(
    points.map(({ id, problem }) => ({ id, problem: known.get(problem)! })),
    shard,
  );
  const ids = new Set(own.map(({ id }) => id));
  return { ...sweep, points: points.filter(({ id }) => ids.has(id)) };
}
