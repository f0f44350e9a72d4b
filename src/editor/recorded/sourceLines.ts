import { readFile, stat, writeFile } from 'node:fs/promises';
import { fileKey, type RecordedRun } from '../../shapes/recorded/recordedRun.ts';

/** What the recorded lines of a file said when the run was recorded, by line from 1, without the blanks around. */
export type LinesOfFile = Map<number, string>;

const mostFiles = 200;
const largestFile = 4 * 2 ** 20;
const longestLine = 300;

/** The text of a line as it is compared. */
export function comparable(line: string): string {
  return line.trim().slice(0, longestLine);
}

/** Reads the lines of files that are not in `known`, by `fileKey`, yet; files that are gone or huge stay out. */
export async function readSourceLines(run: RecordedRun, known: Map<string, LinesOfFile>): Promise<void> {
  for (const file of run.files.slice(0, mostFiles)) {
    const key = fileKey(file);
    const lines = known.get(key) ?? new Map<number, string>();
    const missing = run.linesOf(file).filter((line) => !lines.has(line));
    if (missing.length === 0) continue;
    known.set(key, lines);
    try {
      if ((await stat(file)).size > largestFile) continue;
      const text = (await readFile(file, 'utf8')).split(/\r?\n/);
      for (const line of missing) lines.set(line, comparable(text[line - 1] ?? ''));
    } catch {
      // Code that was made as the program ran has no file.
    }
  }
}

export async function saveSourceLines(path: string, known: ReadonlyMap<string, LinesOfFile>): Promise<void> {
  const lines = Object.fromEntries([...known].map(([file, each]) => [file, Object.fromEntries(each)]));
  await writeFile(path, JSON.stringify(lines));
}

/** What was saved; empty where there is nothing or it is not what was saved. */
export async function loadSourceLines(path: string): Promise<Map<string, LinesOfFile>> {
  const known = new Map<string, LinesOfFile>();
  try {
    if ((await stat(path)).size > 4 * largestFile) return known;
    const saved: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof saved !== 'object' || saved === null) return known;
    for (const [file, lines] of Object.entries(saved)) {
      if (typeof lines !== 'object' || lines === null) continue;
      const entries = Object.entries(lines).filter(
        (entry): entry is [string, string] => typeof entry[1] === 'string',
      );
      known.set(file, new Map(entries.map(([line, text]) => [Number(line), text])));
    }
  } catch {
    // The run was never finished.
  }
  return known;
}
