import type { GpuModel } from '../devices/device.ts';
import type { Pass, Problem } from '../problem.ts';
import type { Result } from '../shape.ts';
import { pytorchEager } from './implementations/eager.ts';
import { flashAttention1 } from './implementations/flash1.ts';
import { flashAttention2 } from './implementations/flash2.ts';
import { flashAttention3 } from './implementations/flash3.ts';
import { flashAttention4 } from './implementations/flash4.ts';
import { flashDecoding } from './implementations/flashDecoding.ts';
import type { Implementation } from './implementations/implementation.ts';
import { machineOfGpu } from './machine.ts';
import type { Projection } from './projection.ts';
import { projectTime } from './projectTime.ts';

/** The implementations that papers measured. */
export const implementations: readonly Implementation[] = [
  pytorchEager,
  flashAttention1,
  flashAttention2,
  flashAttention3,
  flashAttention4,
  flashDecoding,
];

/** Projected time of a published implementation for a problem on a GPU of the table; errors are one line. */
export function projectImplementation(
  implementation: Implementation,
  problem: Problem,
  pass: Pass,
  gpu: GpuModel,
): Result<Projection> {
  const reason = implementation.unsupported(problem, pass, gpu);
  if (reason !== null) return { ok: false, error: `${implementation.title} on ${gpu.name}: ${reason}` };
  const stages = implementation.stages(problem, pass, gpu);
  return projectTime(stages, machineOfGpu(gpu), implementation.traits(pass, gpu));
}
