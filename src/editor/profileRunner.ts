import {
  CancellationError,
  type Disposable,
  type Event,
  EventEmitter,
  ProgressLocation,
  window,
} from 'vscode';
import type { DeviceDescription } from '../attention/limits.ts';
import { formatShape } from '../attention/shape.ts';
import type { PanelState } from '../panel/protocol.ts';
import type { ProfileDocument } from '../profiler/document/schema.ts';
import type { ProfileJob, ProfileProgress } from '../profiler/job.ts';
import type { StandIn } from '../profiler/standIn.ts';
import type { LazyHost } from './lazyHost.ts';
import type { Log } from './log.ts';
import { readSettings } from './settings.ts';

/** The panel need not move more often than this while a profile runs. */
const progressIntervalMs = 120;

export interface RunOptions {
  /** The user asks for what failed before, so plans that hung or crashed the GPU process may run again. */
  again?: boolean;
}

/** A job that runs or waits for its turn. */
interface Entry {
  title: string;
  abort: AbortController;
}

/** Runs profiles one at a time, each with a cancellable notification, and keeps the last result. */
export class ProfileRunner implements Disposable {
  private readonly changes = new EventEmitter<PanelState>();
  private readonly finishes = new EventEmitter<ProfileDocument>();
  private readonly host: LazyHost;
  private readonly log: Log;
  private readonly entries: Entry[] = [];
  private tail: Promise<unknown> = Promise.resolve();
  private current: PanelState = { kind: 'empty' };
  private lastJob: ProfileJob | null = null;

  /** Fires with every state a panel or a status bar should show. */
  readonly onDidChange: Event<PanelState> = this.changes.event;
  /** Fires with the document of each profile that came to its end. */
  readonly onDidFinish: Event<ProfileDocument> = this.finishes.event;

  constructor(host: LazyHost, log: Log) {
    this.host = host;
    this.log = log;
  }

  get state(): PanelState {
    return this.current;
  }

  /** The shape that runs now, or null. */
  get running(): string | null {
    return this.entries[0]?.title ?? null;
  }

  /** The job that ran last in this session. */
  get last(): ProfileJob | null {
    return this.lastJob;
  }

  /** The document that is on show, whatever else is going on. */
  get document(): ProfileDocument | null {
    return this.current.kind === 'empty' ? null : this.current.document;
  }

  /** Shows a document again that an earlier session made. A newer one stays. */
  restore(document: ProfileDocument): void {
    if (this.current.kind === 'empty') this.show({ kind: 'done', document });
  }

  /** Ends the profile that runs now. Those that wait get their turn. */
  cancel(): void {
    this.entries[0]?.abort.abort();
  }

  /**
   * Runs a job when those before it are done. Rejects with `CancellationError` when the user cancels, else
   * with an error that says what happened and what to do next. What fails on the device without ending the job
   * is a run of the document with the status `failed`.
   */
  run(job: ProfileJob, { again = false }: RunOptions = {}): Promise<ProfileDocument> {
    const entry: Entry = { title: formatShape(job.problem), abort: new AbortController() };
    const before = this.tail;
    this.entries.push(entry);
    const run = this.withNotification(entry, async (report) => {
      if (this.entries[0] !== entry) {
        report({ message: `waiting for ${this.running}`, fraction: 0 });
        await endOrAbort(before, entry.abort.signal);
      }
      return this.execute(job, entry, again, report);
    }).finally(() => this.entries.splice(this.entries.indexOf(entry), 1));
    // Those that wait behind a cancelled one still wait for whoever is before it.
    this.tail = Promise.allSettled([before, run]);
    return run;
  }

  dispose(): void {
    for (const { abort } of this.entries) abort.abort();
    this.changes.dispose();
    this.finishes.dispose();
  }

  private async withNotification(
    entry: Entry,
    task: (report: (progress: ProfileProgress) => void) => Promise<ProfileDocument>,
  ): Promise<ProfileDocument> {
    const { title, abort } = entry;
    const options = {
      location: ProgressLocation.Notification,
      title: `Profiling ${title}`,
      cancellable: true,
    };
    return window.withProgress(options, async (notification, token) => {
      const listener = token.onCancellationRequested(() => abort.abort());
      let reported = 0;
      try {
        return await task(({ message, fraction }) => {
          notification.report({ message, increment: Math.max(0, fraction - reported) * 100 });
          reported = Math.max(reported, fraction);
        });
      } finally {
        listener.dispose();
      }
    });
  }

  private async execute(
    job: ProfileJob,
    { title, abort }: Entry,
    again: boolean,
    report: (progress: ProfileProgress) => void,
  ): Promise<ProfileDocument> {
    const { signal } = abort;
    const before = this.document;
    let soFar = before;
    this.lastJob = job;
    this.show({ kind: 'running', title, message: 'starting the GPU process', fraction: 0, document: before });
    report({ message: 'starting the GPU process', fraction: 0 });
    this.log.info(`profiling ${title}: ${job.algorithms.join(', ')} on ${job.adapter}`);
    let shown = 0;
    const onProgress = (progress: ProfileProgress) => {
      report(progress);
      const now = performance.now();
      if (now - shown < progressIntervalMs) return;
      shown = now;
      this.show({ kind: 'running', title, ...progress, document: soFar });
    };
    const onDocument = (document: ProfileDocument) => {
      soFar = document;
    };
    try {
      const [{ profile }, host] = await Promise.all([import('../profiler/profile.ts'), this.host.get()]);
      signal.throwIfAborted();
      if (again) host.clearQuarantine();
      const standIn = await this.standIns();
      const document = await profile(job, host, { signal, onProgress, onDocument, standIn });
      for (const { algorithm, status, reason } of document.runs) {
        this.log.info(`${title}: ${algorithm} ${status}${reason ? `, ${reason}` : ''}`);
      }
      this.show({ kind: 'done', document });
      this.finishes.fire(document);
      return document;
    } catch (error) {
      if (signal.aborted) {
        this.log.info(`${title}: cancelled`);
        this.show(soFar ? { kind: 'done', document: soFar } : { kind: 'empty' });
        throw new CancellationError();
      }
      const message = error instanceof Error ? error.message : String(error);
      this.log.error(`${title}: ${error instanceof Error ? (error.stack ?? message) : message}`);
      this.show({ kind: 'failed', title, error: message, document: soFar });
      throw error;
    }
  }

  /** The device table with the user's rows. What is wrong with them is logged, and they are left out. */
  private async standIns(): Promise<(device: DeviceDescription) => StandIn | null> {
    const [{ readGpuSettings }, { standInFor }] = await Promise.all([
      import('./gpuSettings.ts'),
      import('../profiler/standIn.ts'),
    ]);
    const { table, gpu, problems } = readGpuSettings(readSettings());
    for (const problem of problems) this.log.error(problem);
    return (device) => standInFor(device, table, gpu);
  }

  private show(state: PanelState): void {
    this.current = state;
    this.changes.fire(state);
  }
}

/** Resolves when `before` has ended, rejects when the signal fires first. */
function endOrAbort(before: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new CancellationError());
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    const end = () => {
      signal.removeEventListener('abort', abort);
      resolve();
    };
    before.then(end, end);
  });
}
