import { biasSize } from '../attention/cost/tensors.ts';
import type { DeviceLimits } from '../attention/limits.ts';
import type { Problem } from '../attention/problem.ts';
import { type TensorName, tensorBytes } from '../attention/storage.ts';
import type { Tiling } from '../attention/tiling.ts';
import { formatBytes } from '../attention/units.ts';
import { optionTable } from './optionTable.ts';

/** WebGPU's default limit for one uniform binding; every device has it. */
const maxTableBytes = 65_536;

/**
 * Why a plan's tensors do not fit the device, or null. `scratch` is the largest scratch buffer that one
 * head needs, and what to call it.
 */
export function unplannable(
  algorithm: string,
  problem: Problem,
  tiling: Tiling,
  limits: DeviceLimits,
  scratch: { bytesPerHead: number; words: string } | null,
  tensors: readonly TensorName[] = ['q', 'k', 'v', 'o'],
): string | null {
  const binding = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
  const bindingName =
    limits.maxStorageBufferBindingSize <= limits.maxBufferSize
      ? 'maxStorageBufferBindingSize'
      : 'maxBufferSize';
  const bindsAtMost = `this device binds at most ${withBytes(binding)} (${bindingName})`;
  if (scratch && scratch.bytesPerHead > binding) {
    return (
      `${algorithm} needs ${scratch.words} of ${withBytes(scratch.bytesPerHead)} for one head alone; ` +
      `${bindsAtMost}. Use a shorter sequence, or an algorithm that keeps no such matrix`
    );
  }
  for (const name of tensors) {
    const bytes = tensorBytes(problem, name);
    if (bytes > limits.maxBufferSize) {
      return (
        `${algorithm} needs ${withBytes(bytes)} for ${name.toUpperCase()}; this device's buffers hold at most ` +
        `${withBytes(limits.maxBufferSize)} (maxBufferSize). Use a smaller batch, fewer heads or a shorter sequence`
      );
    }
  }
  const bias = biasSize(problem).bytes;
  if (bias > binding) {
    return `${algorithm} needs a bias of ${withBytes(bias)}; ${bindsAtMost}. Broadcast it over batch and heads`;
  }
  const table = optionTable(problem).words.length * 4;
  if (table > maxTableBytes) {
    return (
      `${algorithm} needs ${withBytes(table)} for lengths, slopes and sinks; a table of options holds ` +
      `${withBytes(maxTableBytes)}. Use a smaller batch`
    );
  }
  if (tiling.headsPerSlice < 1) {
    const oneHead = Math.max(
      ...tensors.map((name) => tensorBytes({ ...problem, batch: 1, heads: 1, kvHeads: 1 }, name)),
    );
    return `${algorithm} needs ${withBytes(oneHead)} in one binding for one head; ${bindsAtMost}. Use a shorter sequence`;
  }
  return null;
}

function withBytes(bytes: number): string {
  return `${formatBytes(bytes)} (${bytes} bytes)`;
}
