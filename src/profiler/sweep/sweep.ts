import type { Result } from '../../attention/shape.ts';
import type { GpuHost } from '../../host/protocol.ts';
import { documentProblem } from '../document/problem.ts';
import { maxDocumentLength } from '../document/read.ts';
import type { DocumentSweep, ProfileDocument } from '../document/schema.ts';
import type { ProfileJob } from '../job.ts';
import { type ProfileOptions, runSeries } from '../runSeries.ts';
import { algorithmRuns } from '../series.ts';
import { type Axis, checkAxes } from './axes.ts';
import { type SweepPoint, sweepPoints } from './points.ts';
import { resumeOf } from './resume.ts';
import { type Shard, shardPoints } from './shard.ts';

/** A profile of many problems: a base, and what varies from it. */
export interface SweepJob extends ProfileJob {
  axes: Axis[];
  /** The part of the points to run; null for all. */
  shard: Shard | null;
}

/** A job whose points are known to be problems. */
export interface PlannedSweep {
  job: SweepJob;
  /** All points, small ones first, of whichever shard. */
  points: SweepPoint[];
  /** As the document says it. */
  declaration: DocumentSweep;
}

/** Characters of the longest run in a document (memory-efficient, backward, options on) and of each timed sample. */
const runLength = { rest: 45_000, sample: 40 };

/** Runs that a document can hold so that it can still be read back, however long each of them is. */
export function mostRuns(repeats: number): number {
  return Math.floor(maxDocumentLength / (runLength.rest + repeats * runLength.sample));
}

/** The points of a job, or one line on why it cannot be run. */
export function planSweep(job: SweepJob): Result<PlannedSweep> {
  const axes = checkAxes(job.axes);
  if (!axes.ok) return axes;
  const points = sweepPoints(job.problem, job.tiling, axes.value);
  if (!points.ok) return points;
  const { algorithms, passes, repeats, timeBudgetSeconds, shard } = job;
  const runs = points.value.length * algorithms.length * passes.length;
  const most = mostRuns(repeats);
  if (runs > most) {
    return {
      ok: false,
      error:
        `the sweep has ${runs} runs (${points.value.length} points, ${algorithms.length} algorithms, ` +
        `${passes.length === 1 ? '1 pass' : '2 passes'}), at most ${most}: name fewer algorithms, or vary less`,
    };
  }
  return {
    ok: true,
    value: {
      job,
      points: points.value,
      declaration: {
        axes: axes.value.map(({ name, values }) => ({ name, values: [...values] })),
        points: points.value.map(({ id, problem, tiling }) => ({
          id,
          problem: documentProblem(problem).id,
          tiling: tiling && { ...tiling },
        })),
        ...{ algorithms: [...algorithms], passes: [...passes], repeats, timeBudgetSeconds },
        shard: shard && { ...shard },
      },
    },
  };
}

/**
 * Runs the points of a sweep on one device, small ones first, and goes on where `earlier` ended: a document of the
 * same sweep and shard. What a smaller point has shown to be hopeless is skipped. Throws as `runSeries`, and where
 * `earlier` is of something else.
 */
export async function sweep(
  { job, points, declaration }: PlannedSweep,
  host: GpuHost,
  options: ProfileOptions & { earlier?: ProfileDocument | null } = {},
): Promise<ProfileDocument> {
  const { earlier = null, ...rest } = options;
  const { algorithms, passes, adapter, repeats, timeBudgetSeconds, shard } = job;
  const resumed = earlier && resumeOf(earlier, declaration);
  if (resumed && !resumed.ok) throw new Error(resumed.error);
  const runs = (shard ? shardPoints(points, shard) : points).flatMap(({ id, problem, tiling }) =>
    algorithmRuns(algorithms, passes, { problem, tiling, point: id }),
  );
  const problems = [...new Map(points.map(({ problem }) => [documentProblem(problem).id, problem])).values()];
  return runSeries(
    {
      ...{ runs, problems, adapter, repeats, timeBudgetSeconds },
      sweep: declaration,
      earlier: resumed?.value ?? null,
    },
    host,
    rest,
  );
}
