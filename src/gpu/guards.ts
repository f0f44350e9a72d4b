import { bufferUsage, mapModeRead } from './constants.ts';
import type { Execution } from './execution.ts';
import type { Tensors } from './tensors.ts';

/**
 * Words behind every tensor that a run must leave as they are. WebGPU promises that no shader writes outside
 * of its bindings; a driver that breaks the promise, or a plan that binds too much, shows here.
 */
export const guardBytes = 256;
const guardWord = 0x6a7d5afe;

export function writeGuards({ guarded }: Execution, tensors: Tensors): void {
  const words = new Uint32Array(guardBytes / 4).fill(guardWord);
  for (const { buffer, bytes, guardBytes: room } of tensors.values()) {
    if (room > 0) guarded.device.queue.writeBuffer(buffer, bytes, words);
  }
}

/** The first tensor that something was written behind, in words; null where all guards are whole. */
export async function guardFault(execution: Execution, tensors: Tensors): Promise<string | null> {
  const { guarded, ledger, plan } = execution;
  const entries = [...tensors.values()].filter((entry) => entry.guardBytes > 0);
  if (entries.length === 0) return null;
  const { copyTarget, mapRead } = bufferUsage;
  const size = entries.length * guardBytes;
  const staging = await ledger.allocate('harness', 'guards', size, copyTarget | mapRead);
  try {
    const encoder = guarded.device.createCommandEncoder();
    for (const [index, { buffer, bytes }] of entries.entries()) {
      encoder.copyBufferToBuffer(buffer, bytes, staging.buffer, index * guardBytes, guardBytes);
    }
    guarded.device.queue.submit([encoder.finish()]);
    await guarded.orLost(staging.buffer.mapAsync(mapModeRead));
    const words = new Uint32Array(staging.buffer.getMappedRange());
    const broken = words.findIndex((word) => word !== guardWord);
    const name = broken < 0 ? null : entries[Math.floor((broken * 4) / guardBytes)]!.name;
    staging.buffer.unmap();
    return name && `The kernel of ${plan.algorithm} wrote past the end of ${name}.`;
  } finally {
    ledger.release(staging);
  }
}
