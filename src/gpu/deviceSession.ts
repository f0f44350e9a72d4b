import type { DeviceDescription, Peaks } from '../attention/limits.ts';
import type { AnyPlan } from '../plans/plan.ts';
import { compilesLate } from './describe.ts';
import type { GuardedDevice } from './device.ts';
import { measurePlan } from './measure.ts';
import type { Measurement, MeasureRequest } from './measurement.ts';
import { measurePeaks } from './peaks.ts';
import { PipelineCache } from './pipelines.ts';
import type { GpuSession, MeasureOptions } from './session.ts';

/** Peaks take half a second for each of three rates at most. */
const peaksBudgetMs = 2000;

/** The session over one device: measurements queue up, pipelines are kept between them. */
export class DeviceSession implements GpuSession {
  readonly description: DeviceDescription;
  readonly #guarded: GuardedDevice;
  readonly #cache: PipelineCache;
  #last: Promise<unknown> = Promise.resolve();

  constructor(guarded: GuardedDevice, description: DeviceDescription) {
    this.#guarded = guarded;
    this.#cache = new PipelineCache(guarded);
    this.description = description;
  }

  get lost(): Promise<string> {
    return this.#guarded.lost;
  }

  measure(request: MeasureRequest<AnyPlan>, options: MeasureOptions = {}): Promise<Measurement> {
    return this.#inTurn(async () => {
      const start = performance.now();
      const context = {
        ...{ guarded: this.#guarded, cache: this.#cache, isSoftware: this.#isSoftware },
        compilesLate: compilesLate(this.description),
      };
      const measurement = await measurePlan(context, request, options);
      const left = (request.budgetMs ?? Number.POSITIVE_INFINITY) - (performance.now() - start);
      if (measurement.status === 'ok' && measurement.time && left > peaksBudgetMs) {
        options.onProgress?.({ phase: 'time', stage: 'peaks', fraction: 1, patienceMs: 60_000 });
        await this.#peaks(options.signal).catch((error) => {
          // The measurement is whole without them; a lost device shows at its next use.
          if (options.signal?.aborted) throw error;
        });
      }
      return measurement;
    });
  }

  measurePeaks(signal?: AbortSignal): Promise<Peaks> {
    return this.#inTurn(() => this.#peaks(signal));
  }

  async #peaks(signal: AbortSignal | undefined): Promise<Peaks> {
    this.description.peaks ??= await measurePeaks(this.#guarded, this.#isSoftware, signal);
    return this.description.peaks;
  }

  get #isSoftware(): boolean {
    return this.description.type === 'software';
  }

  /** A device measures one thing at a time: two at once would time each other. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }

  dispose(): void {
    this.#guarded.device.destroy();
  }
}
