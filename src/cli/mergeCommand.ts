import { readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { mergeSweeps } from '../profiler/sweep/merge.ts';
import { differenceOfSweeps } from '../profiler/sweep/same.ts';
import { deliver } from './deliver.ts';
import { readDocumentFile } from './documentFile.ts';
import { checkOutputFile } from './outputFile.ts';
import type { CommandContext } from './services.ts';
import { sweepText } from './sweepText.ts';
import { oneLine, quote, WrongUse } from './wrongUse.ts';

/** As commander hands them over. */
export interface MergeFlags {
  output: string;
  json?: boolean;
}

/** Joins the shards of a sweep, from files and the `*.attnprof.json` of folders, and prints the whole. */
export async function runMerge(
  paths: readonly string[],
  flags: MergeFlags,
  { terminal }: CommandContext,
): Promise<void> {
  checkOutputFile(flags.output);
  const documents = [...new Set(paths.flatMap(filesOf))].map((file) => {
    const document = readDocumentFile(file);
    if (!document) throw new WrongUse(`there is no file ${quote(file)}: give the files of a sweep's shards`);
    return { name: quote(file), document };
  });
  const merged = mergeSweeps(documents);
  if (!merged.ok) throw new WrongUse(oneLine(merged.error));
  // What is written over must be of this sweep, too.
  const before = readDocumentFile(flags.output);
  if (before && (!before.sweep || differenceOfSweeps(before.sweep, merged.value.sweep!) !== null)) {
    throw new WrongUse(`-o ${quote(flags.output)} holds something else: choose another file`);
  }
  await deliver(merged.value, flags, sweepText, terminal);
}

function filesOf(path: string): string[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [realPath(path)];
  const files = readdirSync(path).filter((name) => name.endsWith('.attnprof.json'));
  if (files.length === 0)
    throw new WrongUse(`${quote(path)} has no *.attnprof.json: give the folder of the shards`);
  return files.sort().map((name) => realPath(join(path, name)));
}

/** A file that is named twice is one. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
