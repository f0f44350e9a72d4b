import type { GpuModel } from '../../attention/devices/device.ts';
import { formatBytes } from '../../attention/units.ts';
import type { AttentionSite } from '../../shapes/site.ts';
import { inferenceMemory } from './siteCosts.ts';
import { type SymbolValues, siteProblem } from './siteProblem.ts';

/**
 * What to warn of at a call site: that standard attention in a framework, which holds scores and probabilities whole,
 * would need more memory than the GPU has. Null where it fits, or either number is not known.
 */
export function memoryWarning(site: AttentionSite, values: SymbolValues, gpu: GpuModel): string | null {
  const { problem } = siteProblem(site, values);
  if (!problem?.ok || gpu.memoryBytes === null) return null;
  const { standard, flash } = inferenceMemory(problem.value);
  if (standard <= gpu.memoryBytes) return null;
  return (
    `Standard attention would hold ${formatBytes(standard)} here (modelled); ${gpu.name} has ` +
    `${formatBytes(gpu.memoryBytes)}. Flash attention holds ${formatBytes(flash)} (modelled).`
  );
}
