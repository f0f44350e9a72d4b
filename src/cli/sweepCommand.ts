import type { ProfileDocument } from '../profiler/document/schema.ts';
import { writeDocument } from '../profiler/document/write.ts';
import { standInFor } from '../profiler/standIn.ts';
import { parseAxes } from '../profiler/sweep/axes.ts';
import { resumeOf } from '../profiler/sweep/resume.ts';
import { differenceOfSweeps } from '../profiler/sweep/same.ts';
import { type PlannedSweep, planSweep } from '../profiler/sweep/sweep.ts';
import { deliver, refuseFailed } from './deliver.ts';
import { readDocumentFile } from './documentFile.ts';
import { readGpu, readGpuTable } from './gpuTable.ts';
import { checkOutputFile, isPlainFile, writeOutputFile } from './outputFile.ts';
import { type ProfileFlags, readJob } from './profileCommand.ts';
import { showProgress } from './progress.ts';
import type { CommandContext, Terminal } from './services.ts';
import { readShard, shardFile } from './sweepShard.ts';
import { sweepText } from './sweepText.ts';
import { oneLine, quote, WrongUse } from './wrongUse.ts';

/** As commander hands them over: text, still to be read. */
export interface SweepFlags extends ProfileFlags {
  vary: string[];
  shard?: string;
  fresh?: boolean;
}

/** The sweep that a command line describes. Throws WrongUse. */
export function readSweep(
  shapeText: string,
  flags: SweepFlags,
  environment: Terminal['environment'],
): PlannedSweep {
  const axes = parseAxes(flags.vary);
  if (!axes.ok) throw new WrongUse(`--vary: ${axes.error}`);
  const job = readJob(shapeText, flags);
  const shard = flags.shard === undefined ? null : readShard(flags.shard, environment);
  const planned = planSweep({ ...job, axes: axes.value, shard });
  if (!planned.ok) throw new WrongUse(`--vary: ${planned.error}`);
  return planned.value;
}

/**
 * Runs a sweep, keeping every finished run at once, and prints it. Throws where a run failed or the result could not
 * be kept.
 */
export async function runSweep(
  shapeText: string,
  flags: SweepFlags,
  { services, terminal, signal }: CommandContext,
): Promise<void> {
  const planned = readSweep(shapeText, flags, terminal.environment);
  const table = readGpuTable(flags.deviceTable);
  const fallback = flags.cacheOf === 'none' ? null : readGpu('--cache-of', flags.cacheOf, table);
  const { shard } = planned.job;
  const output = flags.output && shard ? shardFile(flags.output, shard) : flags.output;
  if (output !== undefined) checkOutputFile(output);
  const earlier = output === undefined ? null : readEarlier(output, planned, flags.fresh ?? false);

  const progress = showProgress(terminal);
  const keep = output !== undefined && isPlainFile(output) ? keeper(output, terminal) : null;
  const host = services.createHost();
  let document: ProfileDocument | undefined;
  let broken: unknown;
  try {
    document = await services.sweep(planned, host, {
      signal,
      earlier,
      standIn: (device) => standInFor(device, table, fallback),
      onProgress: progress.show,
      onDocument: (soFar) => {
        document = soFar;
        keep?.(soFar);
      },
    });
  } catch (error) {
    // The runs that were finished are results, also where the next one was interrupted or took the host down.
    if (document === undefined) throw error;
    broken = error;
  } finally {
    host.dispose();
    await progress.end();
  }

  const { json } = flags;
  await deliver(
    document,
    { ...(json ? { json } : {}), ...(output === undefined ? {} : { output }) },
    sweepText,
    terminal,
  );
  if (broken !== undefined) throw broken;
  refuseFailed(document);
}

/** What the output file holds of this sweep already; null where there is nothing, or `--fresh` starts over. */
function readEarlier(file: string, { declaration }: PlannedSweep, fresh: boolean): ProfileDocument | null {
  const earlier = readDocumentFile(file);
  if (earlier === null) return null;
  const resumed = resumeOf(earlier, declaration);
  if (resumed.ok) return fresh ? null : earlier;
  const same = earlier.sweep !== undefined && differenceOfSweeps(earlier.sweep, declaration) === null;
  if (same && fresh) return null;
  const remedy = same
    ? 'start over with --fresh, or choose another file'
    : 'choose another file, or delete it yourself';
  throw new WrongUse(`-o ${quote(file)}: ${resumed.error}; ${remedy}`);
}

/** Writes each finished run; says once where it cannot, and tries again with the next. */
function keeper(file: string, { error }: Terminal): (document: ProfileDocument) => void {
  let told = false;
  return (document) => {
    const lost = writeOutputFile(file, writeDocument(document));
    if (lost === null || told) return;
    told = true;
    void error.write(`attnprof: ${oneLine(lost)}; the sweep goes on\n`);
  };
}
