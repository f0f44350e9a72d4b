import { join } from 'node:path';
import type { DramModel } from '../attention/dram/modelDram.ts';
import type { DeviceDescription } from '../attention/limits.ts';
import { type AdapterSource, isNamed, sourcesFor } from './adapters.ts';
import { type CallOptions, callChild } from './callChild.ts';
import { hasEmbeddedAdapter } from './childEnvironment.ts';
import { ChildStarter } from './childStarter.ts';
import { listDevices } from './deviceListing.ts';
import { HostError, planInWords } from './errors.ts';
import { type DramRequest, ModelWorker } from './modelWorker.ts';
import { type OpenDevice, openDevice } from './openDevice.ts';
import type {
  AdapterChoice,
  DeviceListing,
  GpuHost,
  HostMeasureRequest,
  Measurement,
  MeasureProgress,
} from './protocol.ts';
import { planKey, planName, Quarantine } from './quarantine.ts';
import { SerialQueue } from './serialQueue.ts';

/** Milliseconds, and a count. */
export interface GpuHostLimits {
  /** Silence borne while a device opens or a measurement begins. */
  startPatienceMs: number;
  /** The longest patience that a measurement may announce. */
  maxPatienceMs: number;
  /** Time to answer a cancellation before the process is ended. */
  cancelGraceMs: number;
  /** A process with nothing to do for this long is ended, which frees its device memory. */
  idleMs: number;
  maxFailedStarts: number;
}

export const defaultLimits: GpuHostLimits = {
  startPatienceMs: 30_000,
  maxPatienceMs: 600_000,
  cancelGraceMs: 2_000,
  idleMs: 300_000,
  maxFailedStarts: 3,
};

export interface GpuHostOptions {
  /** Absolute path of a plain Node, from the user's setting; used where the current executable is Electron. */
  nodePath?: string | null;
  /** Where `gpuHost.mjs`, `webgpu/` and, on Linux x64, `embedded/` lie. Absolute. */
  distFolder: string;
  /** Gets what happens to processes, and each line that they write. */
  log?: (line: string) => void;
  limits?: Partial<GpuHostLimits>;
}

export interface SupervisedGpuHost extends GpuHost {
  /** Lets quarantined plans run again, and a process that failed to start be tried again. */
  clearQuarantine(): void;
  /** The GPU processes that live now. */
  readonly processIds: number[];
}

/**
 * Owns the GPU processes: starts them on demand, one per source of adapters, gives them one task at a time,
 * ends those that hang, and keeps plans that hung or crashed one from running again. Nothing is retried by
 * itself. Starts nothing before the first call.
 */
export function createGpuHost(options: GpuHostOptions): SupervisedGpuHost {
  return new Supervisor(options);
}

class Supervisor implements SupervisedGpuHost {
  readonly #limits: GpuHostLimits;
  readonly #log: (line: string) => void;
  readonly #hasEmbedded: boolean;
  readonly #starter: ChildStarter;
  readonly #queue = new SerialQueue();
  readonly #quarantine = new Quarantine();
  readonly #devices = new Map<AdapterSource, OpenDevice>();
  /** Where a choice was found before, so that a source known to lack it is not asked first each time. */
  readonly #found = new Map<AdapterChoice, AdapterSource>();
  #idleTimer: NodeJS.Timeout | undefined;
  readonly #models: ModelWorker;
  #disposed = false;

  constructor({ nodePath = null, distFolder, log = () => {}, limits = {} }: GpuHostOptions) {
    this.#limits = { ...defaultLimits, ...limits };
    this.#log = log;
    const embeddedFolder = join(distFolder, 'embedded');
    this.#hasEmbedded = hasEmbeddedAdapter(embeddedFolder, process.platform);
    const { maxFailedStarts } = this.#limits;
    this.#models = new ModelWorker(distFolder);
    this.#starter = new ChildStarter({ nodePath, distFolder, embeddedFolder, maxFailedStarts, log });
  }

  get processIds(): number[] {
    return this.#starter.processIds;
  }

  open(adapter: AdapterChoice, signal?: AbortSignal): Promise<DeviceDescription> {
    return this.#run(signal, async () => {
      const device = await this.#opened(adapter, signal);
      if (device.hasMeasured) {
        // The device knows its own peaks only once it has measured.
        device.description = await callChild(
          device.child,
          'open',
          { adapter: device.choice },
          this.#call(signal),
        );
        device.hasMeasured = false;
      }
      return device.description;
    });
  }

  measure(
    adapter: AdapterChoice,
    request: HostMeasureRequest,
    options: { signal?: AbortSignal; onProgress?: (progress: MeasureProgress) => void } = {},
  ): Promise<Measurement> {
    return this.#run(options.signal, async () => {
      const device = await this.#opened(adapter, options.signal);
      const key = planKey(request, device.description.id);
      const plan = planName(request);
      const refusal = this.#quarantine.reasonFor(key);
      if (refusal !== null) {
        throw new HostError('quarantined', `${planInWords(plan)} is not run again: ${refusal}`, { plan });
      }
      try {
        const call = { ...this.#call(options.signal), plan, onProgress: options.onProgress };
        device.hasMeasured = true;
        const measurement = await callChild(device.child, 'measure', request, call);
        if (device.lost !== null) this.#quarantine.add(key, 'lost', `The device was lost: ${device.lost}.`);
        else this.#quarantine.clearSuspicion(key);
        return measurement;
      } catch (error) {
        throw this.#judged(error, key);
      }
    });
  }

  devices(signal?: AbortSignal): Promise<DeviceListing[]> {
    return this.#run(signal, () => listDevices(this.#starter, this.#hasEmbedded, this.#call(signal)));
  }

  clearQuarantine(): void {
    this.#quarantine.clear();
    this.#starter.forgetFailures();
    this.#found.clear();
  }

  modelDram(request: DramRequest): Promise<DramModel> {
    return this.#models.model(request);
  }

  dispose(): void {
    this.#disposed = true;
    this.#models.dispose();
    clearTimeout(this.#idleTimer);
    this.#queue.refuseWaiting(shutDown());
    this.#starter.dispose();
    this.#devices.clear();
  }

  async #run<T>(signal: AbortSignal | undefined, task: () => Promise<T>): Promise<T> {
    if (this.#disposed) throw shutDown();
    clearTimeout(this.#idleTimer);
    try {
      return await this.#queue.run(task, signal);
    } finally {
      if (this.#queue.idle && !this.#disposed) this.#endWhenIdle();
    }
  }

  #endWhenIdle(): void {
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => {
      if (!this.#queue.idle) return;
      for (const device of this.#devices.values()) device.child.kill('idle');
      this.#devices.clear();
    }, this.#limits.idleMs);
    this.#idleTimer.unref();
  }

  #call(signal: AbortSignal | undefined): CallOptions {
    const { startPatienceMs, maxPatienceMs, cancelGraceMs } = this.#limits;
    return { patienceMs: startPatienceMs, maxPatienceMs, cancelGraceMs, signal };
  }

  /** The open device for a choice: the one at hand, else the first of its sources that has one. */
  async #opened(choice: AdapterChoice, signal: AbortSignal | undefined): Promise<OpenDevice> {
    if (choice === 'embedded' && !this.#hasEmbedded) throw new HostError('no-adapter', noEmbedded());
    const known = this.#found.get(choice);
    const others = sourcesFor(choice, this.#hasEmbedded).filter((source) => source !== known);
    let first: HostError | null = null;
    for (const source of known ? [known, ...others] : others) {
      try {
        const device = await this.#openedFrom(source, choice, signal);
        this.#found.set(choice, source);
        return device;
      } catch (error) {
        if (!(error instanceof HostError) || !passesOn(error, choice)) throw error;
        first ??= error;
        this.#log(`No device for "${choice}" among the ${source} adapters: ${error.message}`);
      }
    }
    if (first?.kind !== 'no-adapter' || !this.#hasEmbedded) throw first;
    const offer = 'Or choose "embedded", the software adapter that comes with this product.';
    throw new HostError(first.kind, `${first.message} ${offer}`, first);
  }

  async #openedFrom(
    source: AdapterSource,
    choice: AdapterChoice,
    signal: AbortSignal | undefined,
  ): Promise<OpenDevice> {
    // The embedded source has one adapter, whatever it was chosen as.
    const asked = source === 'embedded' && !isNamed(choice) ? 'embedded' : choice;
    const present = this.#devices.get(source);
    if (present?.child.alive && present.lost === null && present.choice === asked) return present;
    this.#devices.delete(source);
    await present?.child.end(present.lost === null ? 'replaced' : 'lost');
    const device = await openDevice(this.#starter, source, asked, this.#call(signal));
    this.#devices.set(source, device);
    return device;
  }

  /** Draws the consequence of a failed measurement, and says it. */
  #judged(error: unknown, key: string): unknown {
    if (!(error instanceof HostError)) return error;
    const { kind } = error;
    if (kind !== 'hang' && kind !== 'crash' && kind !== 'killed') return error;
    const isOut = this.#quarantine.add(key, kind, error.message);
    const consequence = isOut
      ? 'This plan is not run again on this adapter in this session; other plans are. Try another tiling or adapter.'
      : 'Run it again to try once more.';
    return new HostError(kind, `${error.message} ${consequence}`, error);
  }
}

/** Whether the next source is tried: always where there is no such adapter; `auto` also passes over a broken driver. */
function passesOn({ kind }: HostError, choice: AdapterChoice): boolean {
  return kind === 'no-adapter' || (choice === 'auto' && (kind === 'start-failed' || kind === 'failed'));
}

function noEmbedded(): string {
  return process.platform === 'linux' && process.arch === 'x64'
    ? 'The embedded adapter is missing from this installation: install the package for linux-x64, or choose "auto".'
    : `The embedded adapter exists for Linux on x64, not for ${process.platform} on ${process.arch}: choose "auto".`;
}

function shutDown(): HostError {
  return new HostError('disposed', 'The GPU host was shut down.');
}
