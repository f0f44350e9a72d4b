import type { Disposable } from 'vscode';
import type { SupervisedGpuHost } from '../host/supervisor.ts';
import type { Log } from './log.ts';

export interface LazyHostOptions {
  /** Where the bundled GPU process and its native files lie. */
  distFolder: string;
  log: Log;
  /** Read when the host is made, so that a changed setting or a granted trust counts from then on. */
  nodePath: () => string;
}

/** The GPU host, loaded and made when it is first asked for, and again after `reset`. */
export class LazyHost implements Disposable {
  private readonly options: LazyHostOptions;
  private host: Promise<SupervisedGpuHost> | null = null;
  private disposed = false;

  constructor(options: LazyHostOptions) {
    this.options = options;
  }

  get(): Promise<SupervisedGpuHost> {
    if (this.disposed) return Promise.reject(new Error('Attention Profiler was shut down'));
    this.host ??= this.make();
    return this.host;
  }

  /** Ends the GPU process; the next `get` makes a host with the settings of then. */
  reset(): void {
    const host = this.host;
    this.host = null;
    // A host that could not be made has told whoever asked for it.
    host?.then(
      (made) => made.dispose(),
      () => undefined,
    );
  }

  dispose(): void {
    this.disposed = true;
    this.reset();
  }

  private async make(): Promise<SupervisedGpuHost> {
    const { distFolder, log, nodePath } = this.options;
    const { createGpuHost } = await import('../host/supervisor.ts');
    return createGpuHost({ distFolder, log: (line) => log.info(line), nodePath: nodePath() || null });
  }
}
