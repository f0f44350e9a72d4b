import type { Dtype } from '../attention/problem.ts';
import type { PlanBuffer } from '../plans/plan.ts';
import { bufferUsage } from './constants.ts';
import type { Execution } from './execution.ts';
import type { LedgerEntry } from './ledger.ts';
import { fillTensor, type Tensors } from './tensors.ts';

/**
 * Quiet NaNs that no arithmetic makes: an element that still holds one was never written. The 16-bit one
 * is a NaN as f16 and as bf16, and so is the word made of two of them as f32.
 */
const poisonWords: Record<Dtype, number> = { f32: 0x7fc5a5a5, f16: 0x7fc57fc5, bf16: 0x7fc57fc5 };

export function poisonWord(dtype: Dtype): number {
  return poisonWords[dtype];
}

const chunkBytes = 4 * 1024 * 1024;

/**
 * Makes what the kernels write as it was before the first run: poison, so that an element that nobody
 * writes shows, zero, or what a kernel that writes over its input finds there. Where `keepComputed`, what the
 * prologue computed stays.
 */
export async function resetTensors(
  execution: Execution,
  tensors: Tensors,
  { keepComputed }: { keepComputed: boolean },
): Promise<void> {
  const { guarded, ledger, plan } = execution;
  const written = plan.buffers.filter(
    ({ role }) => role === 'output' || role === 'scratch' || (role === 'computed' && !keepComputed),
  );
  const poisons = groupByPoison(written.filter(({ fill }) => fill.kind === 'poison'));
  const sources: { entry: LedgerEntry; word: number }[] = [];
  try {
    for (const [word, buffers] of poisons) {
      const bytes = Math.min(chunkBytes, Math.max(...buffers.map((buffer) => buffer.bytes)));
      const { copySource, copyTarget } = bufferUsage;
      sources.push({
        word,
        entry: await ledger.allocate('harness', 'poison', bytes, copySource | copyTarget),
      });
    }
    await guarded.scoped('Filling outputs with NaN', async () => {
      const { queue } = guarded.device;
      const encoder = guarded.device.createCommandEncoder();
      for (const { name, fill, bytes } of written) {
        if (fill.kind === 'zero') encoder.clearBuffer(tensors.get(name)!.buffer, 0, bytes);
      }
      for (const { entry, word } of sources) {
        queue.writeBuffer(entry.buffer, 0, new Uint32Array(entry.bytes / 4).fill(word));
        for (const { name, bytes } of poisons.get(word)!) {
          copyOver(encoder, entry, tensors.get(name)!.buffer, bytes);
        }
      }
      queue.submit([encoder.finish()]);
      await queue.onSubmittedWorkDone();
    });
  } finally {
    for (const { entry } of sources) ledger.release(entry);
  }
  for (const buffer of written) await fillTensor(execution, buffer, tensors.get(buffer.name)!.buffer);
}

function groupByPoison(buffers: readonly PlanBuffer[]): Map<number, PlanBuffer[]> {
  const groups = new Map<number, PlanBuffer[]>();
  for (const buffer of buffers) {
    const word = poisonWord(buffer.elements.dtype);
    groups.set(word, [...(groups.get(word) ?? []), buffer]);
  }
  return groups;
}

/** Repeats the bytes of `source` over the whole target. */
function copyOver(encoder: GPUCommandEncoder, source: LedgerEntry, target: GPUBuffer, bytes: number): void {
  for (let offset = 0; offset < bytes; offset += source.bytes) {
    encoder.copyBufferToBuffer(source.buffer, 0, target, offset, Math.min(source.bytes, bytes - offset));
  }
}
