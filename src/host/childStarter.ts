import { join } from 'node:path';
import type { AdapterSource } from './adapters.ts';
import { childEnvironment } from './childEnvironment.ts';
import { HostError } from './errors.ts';
import { GpuChild } from './gpuChild.ts';
import { gatherRuntimeFacts, probeRuntime } from './nodeFacts.ts';
import { type NodeRuntime, resolveNodeRuntime } from './nodeRuntime.ts';

export interface StarterOptions {
  nodePath: string | null;
  distFolder: string;
  embeddedFolder: string;
  /** Starts that may fail one after the other before no more are tried. */
  maxFailedStarts: number;
  log: (line: string) => void;
}

/** Starts GPU processes, knows all that live, and stops trying where none comes up. */
export class ChildStarter {
  readonly #options: StarterOptions;
  readonly #children = new Set<GpuChild>();
  readonly #failures = new Map<AdapterSource, { count: number; last: string }>();
  readonly #killAllNow = (): void => this.#killAll();
  #runtime: Promise<NodeRuntime> | null = null;
  #disposed = false;

  constructor(options: StarterOptions) {
    this.#options = options;
    // Also when the program ends without disposing of anything.
    process.once('exit', this.#killAllNow);
  }

  get processIds(): number[] {
    return [...this.#children].flatMap(({ pid, alive }) => (pid !== null && alive ? [pid] : []));
  }

  /** @throws HostError `no-node`, `start-failed` (too many failures), `disposed` */
  async start(source: AdapterSource): Promise<GpuChild> {
    const { distFolder, embeddedFolder, maxFailedStarts, log } = this.#options;
    const failures = this.#failures.get(source);
    if (failures && failures.count >= maxFailedStarts) {
      throw new HostError(
        'start-failed',
        `The GPU process did not come up ${failures.count} times in a row and is not started again: ${failures.last} ` +
          'Repair the driver and restart, or choose another adapter.',
      );
    }
    const runtime = await this.#resolveRuntime();
    if (this.#disposed) throw new HostError('disposed', 'The GPU host was shut down.');
    const child = new GpuChild({
      runtime: runtime.path,
      entry: join(distFolder, 'gpuHost.mjs'),
      folder: distFolder,
      environment: childEnvironment(source, embeddedFolder, process.env),
      log,
    });
    this.#children.add(child);
    child.gone.then(() => this.#children.delete(child));
    log(
      `GPU process ${child.pid ?? '-'} started (${source} adapters, Node ${runtime.version}: ${runtime.path})`,
    );
    return child;
  }

  /** The process answered: whatever failed before is repaired. */
  noteSuccess(source: AdapterSource): void {
    this.#failures.delete(source);
  }

  noteFailure(source: AdapterSource, reason: string): void {
    const count = (this.#failures.get(source)?.count ?? 0) + 1;
    this.#failures.set(source, { count, last: reason });
    // The executable itself may be gone (Node was updated meanwhile): it is looked for again.
    this.#runtime = null;
  }

  forgetFailures(): void {
    this.#failures.clear();
  }

  dispose(): void {
    this.#disposed = true;
    process.removeListener('exit', this.#killAllNow);
    this.#killAll();
  }

  #resolveRuntime(): Promise<NodeRuntime> {
    const { nodePath, distFolder } = this.#options;
    this.#runtime ??= resolveNodeRuntime(gatherRuntimeFacts(nodePath, distFolder), probeRuntime);
    // A Node that was missing may be installed before the next try.
    this.#runtime.catch(() => {
      this.#runtime = null;
    });
    return this.#runtime;
  }

  #killAll(): void {
    for (const child of this.#children) child.kill('disposed');
  }
}
