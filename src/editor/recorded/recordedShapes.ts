import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Disposable, type Event, EventEmitter, type TextDocument, type Uri } from 'vscode';
import { fileKey, RecordedRun } from '../../shapes/recorded/recordedRun.ts';
import {
  longestRecording,
  parseRecording,
  type RecordedCall,
  type Recording,
} from '../../shapes/recorded/recording.ts';
import type { Log } from '../log.ts';
import {
  comparable,
  type LinesOfFile,
  loadSourceLines,
  readSourceLines,
  saveSourceLines,
} from './sourceLines.ts';

/** Runs that are kept on disk, and files of one run that are read. */
const mostRuns = 3;
const mostFiles = 64;

const mainFile = 'run.jsonl';
const sourcesFile = 'sources.json';

/** The run on show. */
interface Shown {
  folder: string;
  run: RecordedRun;
  /** When its files were last written, milliseconds since 1970. */
  writtenAt: number;
  /** Names, sizes and times of its files: what tells that something changed. */
  state: string;
  sources: Map<string, LinesOfFile>;
}

/**
 * The attention calls of the last recorded run, from the workspace's storage. Lines are from 0, as in an editor.
 * Nothing is read before `load`.
 */
export class RecordedShapes implements Disposable {
  private readonly changes = new EventEmitter<void>();
  private readonly folder: string;
  private readonly log: Log;
  private shown: Shown | null = null;
  private loading: Promise<void> | null = null;

  /** Fires when another run, or more of the same, is on show. */
  readonly onDidChange: Event<void> = this.changes.event;

  /** `storage`: a folder that the extension has for the workspace. */
  constructor(storage: Uri, log: Log) {
    this.folder = join(storage.fsPath, 'recordings');
    this.log = log;
  }

  /** Reads the last run of earlier sessions, once. */
  load(): Promise<void> {
    this.loading ??= this.loadLast().catch((error) => this.log.warn(`recorded shapes: ${String(error)}`));
    return this.loading;
  }

  /** Where runs are kept, each in a folder of its own. */
  get location(): string {
    return this.folder;
  }

  /** The run on show, or null where none was recorded or loaded. */
  get run(): RecordedRun | null {
    return this.shown?.run ?? null;
  }

  /** When the run on show was last written. */
  get writtenAt(): Date | null {
    return this.shown ? new Date(this.shown.writtenAt) : null;
  }

  /** What ran at a line of a file as it was when it ran, most frequent first. */
  at(uri: Uri, line: number): readonly RecordedCall[] {
    return this.shown?.run.at(uri.fsPath, line + 1) ?? [];
  }

  /**
   * What ran at a line of a document as it is now: a line that says what it said then, here or, where that leaves
   * no doubt, moved from elsewhere. Nothing for a line that was changed.
   */
  in(document: TextDocument, line: number): readonly RecordedCall[] {
    const { run, sources } = this.shown ?? {};
    const file = document.uri.fsPath;
    const recorded = run?.linesOf(file) ?? [];
    if (!run || recorded.length === 0) return [];
    const texts = sources?.get(fileKey(file));
    const text = comparable(document.lineAt(line).text);
    const isSame = (each: number) => texts?.get(each) === text;
    if (isSame(line + 1)) return run.at(file, line + 1);
    const others = recorded.filter(isSame);
    const [moved] = others;
    if (moved === undefined || others.length > 1) return [];
    const isStillThere = moved <= document.lineCount && comparable(document.lineAt(moved - 1).text) === text;
    return isStillThere ? [] : run.at(file, moved);
  }

  /** A folder for a new run; returns the file that the probe is to write. Older runs than the last few go. */
  async begin(): Promise<string> {
    await this.load();
    for (const old of (await this.runFolders()).slice(mostRuns - 1)) {
      if (old !== this.shown?.folder) await rm(old, { recursive: true, force: true });
    }
    const folder = join(this.folder, new Date().toISOString().replace(/[^\dTZ]/g, '-'));
    await mkdir(folder, { recursive: true });
    return join(folder, mainFile);
  }

  /** Reads a run again as far as it is written; shows it once it has a call. Returns what it holds. */
  async refresh(out: string, { finished = false } = {}): Promise<RecordedRun> {
    const folder = join(out, '..');
    const before = this.shown?.folder === folder ? this.shown : null;
    const read = await this.read(folder, before);
    if (read !== before && read.run.calls.length > 0) this.show(read);
    if (finished && read.run.calls.length > 0) {
      await saveSourceLines(join(folder, sourcesFile), read.sources).catch((error) =>
        this.log.warn(`recorded shapes: ${String(error)}`),
      );
    }
    return read.run;
  }

  dispose(): void {
    this.changes.dispose();
  }

  private show(shown: Shown): void {
    this.shown = shown;
    this.changes.fire();
  }

  private async loadLast(): Promise<void> {
    for (const folder of await this.runFolders()) {
      const read = await this.read(folder, null, await loadSourceLines(join(folder, sourcesFile)));
      if (read.run.calls.length > 0) return this.show(read);
    }
  }

  /** Newest first: their names are times. */
  private async runFolders(): Promise<string[]> {
    const names = await readdir(this.folder).catch(() => []);
    return names
      .filter((name) => /^\d{4}-/.test(name))
      .sort()
      .reverse()
      .map((name) => join(this.folder, name));
  }

  private async read(
    folder: string,
    before: Shown | null,
    sources = before?.sources ?? new Map(),
  ): Promise<Shown> {
    const names = (await readdir(folder).catch(() => [])).filter((name) => /^run(\.\d+)?\.jsonl$/.test(name));
    const files = await Promise.all(
      names.map(async (name) => {
        const path = join(folder, name);
        const { size, mtimeMs } = await stat(path);
        return { path, size, mtimeMs };
      }),
    );
    const newest = files
      .filter(({ size }) => size <= longestRecording)
      .sort((a, b) => b.mtimeMs - a.mtimeMs)
      .slice(0, mostFiles);
    const state = JSON.stringify(newest);
    if (before?.state === state) return before;
    const recordings: Recording[] = [];
    for (const { path } of newest) {
      const recording = parseRecording(await readFile(path, 'utf8'));
      if (recording.ok) recordings.push(recording.value);
      else this.log.warn(`recorded shapes: ${path}: ${recording.error}`);
    }
    const run = new RecordedRun(recordings);
    await readSourceLines(run, sources);
    return { folder, run, writtenAt: newest[0]?.mtimeMs ?? 0, state, sources };
  }
}
