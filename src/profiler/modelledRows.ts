import { algorithmPass, findAlgorithm } from '../attention/catalogue.ts';
import type { DeviceDescription } from '../attention/limits.ts';
import type { Problem } from '../attention/problem.ts';
import { machineOfPeaks } from '../attention/projection/machine.ts';
import { stagesOfCost } from '../attention/projection/ofCost.ts';
import { projectTime } from '../attention/projection/projectTime.ts';
import { wgslTraits } from '../attention/projection/traits.ts';
import type { GpuHost } from '../host/protocol.ts';
import type { ModelledTraffic, RunParts } from './document/encode.ts';
import { documentProjection } from './document/projection.ts';
import type { RunResult } from './measureRun.ts';
import { cacheModelOf, residentOn, withCache } from './modelledTraffic.ts';
import type { StandIn } from './standIn.ts';

/**
 * What the models say of runs beside what was measured: bytes past the caches of the device, or of the GPU that
 * stands in for it, and the time that the device's own measured rates allow.
 */
export class ModelledRows {
  readonly #host: Pick<GpuHost, 'modelDram'>;
  readonly #standIn: (device: DeviceDescription) => StandIn | null;
  readonly #traffic = new WeakMap<RunResult, ModelledTraffic>();
  readonly #pending = new Set<Promise<void>>();

  /** @param standIn the row of the device table whose caches are modelled; null where there is none */
  constructor(
    host: Pick<GpuHost, 'modelDram'>,
    standIn: (device: DeviceDescription) => StandIn | null = () => null,
  ) {
    this.#host = host;
    this.#standIn = standIn;
  }

  /** Begins to model the caches for a run. A model that fails leaves its row out: it is an extra. */
  begin(result: RunResult, problem: Problem, device: DeviceDescription): void {
    const { cost, tiling, pass, algorithm } = result;
    const row = findAlgorithm(algorithm);
    const found = this.#standIn(device);
    if (!found || !cost || !tiling || !row) return;
    const cache = cacheModelOf(found.gpu, algorithmPass(row, pass), problem, tiling);
    if (!cache) return;
    const pending = Promise.resolve()
      .then(() => this.#host.modelDram({ algorithm, pass, problem, tiling, cache }))
      .then((model) => void this.#traffic.set(result, withCache(model, found.gpu, cache)))
      .catch(() => {})
      .finally(() => this.#pending.delete(pending));
    this.#pending.add(pending);
  }

  /** Resolves when every model that was begun has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }

  /** Whether the caches were modelled for a run. */
  has(result: RunResult): boolean {
    return this.#traffic.has(result);
  }

  /** The modelled rows of a run, as far as they are known. */
  of(
    result: RunResult,
    problem: Problem,
    device: DeviceDescription,
  ): Pick<RunParts, 'modelled' | 'projection'> {
    const { cost, tiling, pass } = result;
    const row = findAlgorithm(result.algorithm);
    if (!cost || !tiling || !row) return {};
    const modelled = this.#traffic.get(result) ?? null;
    const { peaks } = device;
    if (!peaks) return { modelled };
    const found = this.#standIn(device);
    // Another GPU's caches say nothing of this one's time.
    const own = found?.same ? found.gpu : null;
    const bytes = new Map(
      (own ? modelled : null)?.traffic.stages.map(({ name, readBytes, writeBytes }) => [
        name,
        readBytes + writeBytes,
      ]),
    );
    const projection = projectTime(
      stagesOfCost(cost, {
        bytesOf: (stage) => bytes.get(stage) ?? null,
        residentPerMultiprocessor: own && residentOn(own, algorithmPass(row, pass), problem, tiling),
      }),
      machineOfPeaks(device.name, peaks, own),
      wgslTraits('measured'),
    );
    return { modelled, projection: projection.ok ? documentProjection(projection.value) : null };
  }
}
