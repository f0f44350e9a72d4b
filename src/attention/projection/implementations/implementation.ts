import type { GpuModel } from '../../devices/device.ts';
import type { Pass, Problem } from '../../problem.ts';
import type { ProjectedStage } from '../projection.ts';
import type { KernelTraits } from '../traits.ts';

/** An implementation that papers measured: what it launches for a problem on a GPU, and how well it runs. */
export interface Implementation {
  id: string;
  title: string;
  source: string;
  /** Why it does not compute the problem on the GPU; null where it does. */
  unsupported: (problem: Problem, pass: Pass, gpu: GpuModel) => string | null;
  stages: (problem: Problem, pass: Pass, gpu: GpuModel) => ProjectedStage[];
  traits: (pass: Pass, gpu: GpuModel) => KernelTraits;
}
