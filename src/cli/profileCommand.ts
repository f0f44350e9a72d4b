import { parseShape } from '../attention/shape.ts';
import type { ProfileDocument } from '../profiler/document/schema.ts';
import { writeDocument } from '../profiler/document/write.ts';
import type { ProfileJob } from '../profiler/job.ts';
import { standInFor } from '../profiler/standIn.ts';
import { readGpu, readGpuTable } from './gpuTable.ts';
import * as options from './options.ts';
import { checkOutputFile, writeOutputFile } from './outputFile.ts';
import { type ProblemFlags, readProblem } from './problemOptions.ts';
import { runName } from './profileRows.ts';
import { profileText } from './profileText.ts';
import { showProgress } from './progress.ts';
import type { CommandContext, Terminal } from './services.ts';
import { styleFor } from './style.ts';
import { oneLine, WrongUse } from './wrongUse.ts';

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

  await deliver(document, flags, terminal);
  if (broken !== undefined) throw broken;
  const failed = document.runs.filter(({ status }) => status === 'failed');
  if (failed.length > 0) {
    const why = failed.map((run) => `${runName(run)}: ${run.reason}`).join('; ');
    throw new Error(`${failed.length} of ${document.runs.length} runs failed: ${why}`);
  }
}

/** To the file, and to standard output; a file that cannot be written never costs the result. */
async function deliver(document: ProfileDocument, flags: ProfileFlags, terminal: Terminal): Promise<void> {
  const json = writeDocument(document);
  const lost = flags.output === undefined ? null : writeOutputFile(flags.output, json);
  if (flags.json || lost !== null) {
    await terminal.out.write(json);
  } else {
    const kept = flags.output === undefined ? '' : `\nWritten to ${oneLine(flags.output)}\n`;
    await terminal.out.write(profileText(document, styleFor(terminal)) + kept);
  }
  if (lost !== null) {
    throw new Error(`${lost}; the result was printed on standard output as JSON instead`);
  }
}
