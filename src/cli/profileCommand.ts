import { parseShape } from '../attention/shape.ts';
import type { ProfileDocument } from '../profiler/document/schema.ts';
import type { ProfileJob } from '../profiler/job.ts';
import { standInFor } from '../profiler/standIn.ts';
import { deliver, refuseFailed } from './deliver.ts';
import { readGpu, readGpuTable } from './gpuTable.ts';
import * as options from './options.ts';
import { checkOutputFile } from './outputFile.ts';
import { type ProblemFlags, readProblem } from './problemOptions.ts';
import { profileText } from './profileText.ts';
import { showProgress } from './progress.ts';
import type { CommandContext } from './services.ts';
import { WrongUse } from './wrongUse.ts';

/** As commander hands them over: text, still to be read. */
export interface ProfileFlags extends ProblemFlags {
  algorithms: string;
  pass: string;
  adapter: string;
  tiling?: string;
  repeats: string;
  timeBudget?: string;
  cacheOf: string;
  deviceTable?: string;
  json?: boolean;
  output?: string;
}

/** The job that a command line describes. Throws WrongUse. */
export function readJob(shapeText: string, flags: ProfileFlags): ProfileJob {
  const shape = parseShape(shapeText);
  if (!shape.ok) throw new WrongUse(shape.error);
  const rows = options.readAlgorithms(flags.algorithms);
  const problem = readProblem(shape.value, flags);
  const passes = options.readPasses(flags.pass);
  options.checkSupport(flags.algorithms, rows, problem, passes);
  return {
    problem,
    algorithms: rows.map(({ id }) => id),
    passes,
    adapter: options.readAdapter(flags.adapter),
    tiling: flags.tiling === undefined ? null : options.readTiling(flags.tiling),
    repeats: options.readWhole('--repeats', flags.repeats, 1, 1000),
    timeBudgetSeconds:
      flags.timeBudget === undefined ? null : options.readSeconds('--time-budget', flags.timeBudget),
  };
}

/** Profiles, prints and keeps the result. Throws where a run failed or the result could not be kept. */
export async function runProfile(
  shapeText: string,
  flags: ProfileFlags,
  { services, terminal, signal }: CommandContext,
): Promise<void> {
  const job = readJob(shapeText, flags);
  const table = readGpuTable(flags.deviceTable);
  const fallback = flags.cacheOf === 'none' ? null : readGpu('--cache-of', flags.cacheOf, table);
  if (flags.output !== undefined) checkOutputFile(flags.output);

  const progress = showProgress(terminal);
  const host = services.createHost();
  let document: ProfileDocument | undefined;
  let broken: unknown;
  try {
    document = await services.profile(job, host, {
      signal,
      standIn: (device) => standInFor(device, table, fallback),
      onProgress: progress.show,
      onDocument: (soFar) => {
        document = soFar;
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

  await deliver(document, flags, profileText, terminal);
  if (broken !== undefined) throw broken;
  refuseFailed(document);
}
