import type { GpuHost } from '../host/protocol.ts';
import type { ProfileDocument } from './document/schema.ts';
import type { ProfileJob } from './job.ts';
import { type ProfileOptions, runSeries } from './runSeries.ts';
import { algorithmRuns } from './series.ts';

/**
 * Runs a job on one device and returns the document. A run that does not fit, fails or hangs is a row of
 * the document; the job goes on. Throws `AbortError` when cancelled and `HostError` where no device opens.
 */
export async function profile(
  job: ProfileJob,
  host: GpuHost,
  options: ProfileOptions = {},
): Promise<ProfileDocument> {
  const { problem, algorithms, passes, adapter, tiling, repeats, timeBudgetSeconds } = job;
  const runs = algorithmRuns(algorithms, passes, { problem, tiling });
  return runSeries({ runs, problems: [problem], adapter, repeats, timeBudgetSeconds }, host, options);
}
