import { amdGpus } from './amd.ts';
import { appleGpus } from './apple.ts';
import type { GpuModel } from './device.ts';
import { intelGpus } from './intel.ts';
import { nvidiaServerGpus } from './nvidia.ts';
import { nvidiaCards } from './nvidiaCards.ts';
import { nvidiaEmbedded } from './nvidiaEmbedded.ts';

/** The GPUs that are known without being here, best known first. */
export const gpuTable: readonly GpuModel[] = [
  ...nvidiaServerGpus,
  ...nvidiaCards,
  ...nvidiaEmbedded,
  ...amdGpus,
  ...appleGpus,
  ...intelGpus,
];
