import type { DeviceDescription } from '../attention/limits.ts';
import type { GuardedDevice } from './device.ts';
import { measurePlan } from './measure.ts';
import type { Measurement, MeasureRequest } from './measurement.ts';
import { PipelineCache } from './pipelines.ts';
import type { GpuSession, MeasureOptions } from './session.ts';

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

  async measure(request: MeasureRequest, options: MeasureOptions = {}): Promise<Measurement> {
    const context = {
      guarded: this.#guarded,
      cache: this.#cache,
      isSoftware: this.description.type === 'software',
    };
    const measurement = this.#last.then(() => measurePlan(context, request, options));
    this.#last = measurement.catch(() => {});
    return measurement;
  }

  dispose(): void {
    this.#guarded.device.destroy();
  }
}
