import { algorithmPass, findAlgorithm } from '../attention/catalogue.ts';
import type { DeviceDescription } from '../attention/limits.ts';
import type { Problem } from '../attention/problem.ts';
import { machineOfPeaks } from '../attention/projection/machine.ts';
import { stagesOfCost } from '../attention/projection/ofCost.ts';
import { projectTime } from '../attention/projection/projectTime.ts';
import { wgslTraits } from '../attention/projection/traits.ts';
import type { ModelledTraffic, RunParts } from './document/encode.ts';
import { documentProjection } from './document/projection.ts';
import type { RunResult } from './measureRun.ts';
import { modelledTraffic, residentOn } from './modelledTraffic.ts';
import type { StandIn } from './standIn.ts';

/**
 * What the models say of a run beside what was measured: bytes past the caches of the device, or of the GPU that
 * stands in for it, and the time that the device's own measured rates allow. Caches are modelled once a run.
 */
export function modelledRows(
  problem: Problem,
  device: () => DeviceDescription,
  standIn: (device: DeviceDescription) => StandIn | null,
): (result: RunResult) => Pick<RunParts, 'modelled' | 'projection'> {
  const known = new WeakMap<RunResult, ModelledTraffic | null>();
  return (result) => {
    const { cost, tiling, pass } = result;
    const row = findAlgorithm(result.algorithm);
    if (!cost || !tiling || !row) return {};
    const description = device();
    const found = standIn(description);
    const chosen = algorithmPass(row, pass);
    let modelled = known.get(result) ?? null;
    if (found && !known.has(result)) {
      modelled = modelledTraffic(chosen, problem, tiling, found.gpu);
      known.set(result, modelled);
    }
    const { peaks } = description;
    if (!peaks) return { modelled };
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
        residentPerMultiprocessor: own && residentOn(own, chosen, problem, tiling),
      }),
      machineOfPeaks(description.name, peaks, own),
      wgslTraits('measured'),
    );
    return { modelled, projection: projection.ok ? documentProjection(projection.value) : null };
  };
}
