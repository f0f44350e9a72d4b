import type { PlanBuffer } from '../plans/plan.ts';
import { breathe } from './cancellation.ts';
import { bufferUsage } from './constants.ts';
import type { Execution } from './execution.ts';
import { fillNormals } from './inputs.ts';
import type { LedgerEntry } from './ledger.ts';

/** A quiet NaN that no arithmetic makes: an element that still holds it was never written. */
export const poisonWord = 0x7fc5a5a5;

const tensorUsage = bufferUsage.storage | bufferUsage.copySource | bufferUsage.copyTarget;
const chunkBytes = 4 * 1024 * 1024;
/** Writes wait in staging memory until the queue is idle; this bounds it. */
const bytesBetweenFlushes = 64 * 1024 * 1024;

export type Tensors = ReadonlyMap<string, LedgerEntry>;

/**
 * Allocates the plan's buffers and fills the inputs. Out-of-range writes need no guard zones: WebGPU
 * clamps or drops them inside the binding, so they can only spoil elements that are compared anyway.
 */
export async function uploadTensors(execution: Execution): Promise<Tensors> {
  const { ledger, plan, reporter } = execution;
  const tensors = new Map<string, LedgerEntry>();
  for (const buffer of plan.buffers) {
    reporter.report('upload', null, 0);
    tensors.set(buffer.name, await ledger.allocate('tensor', buffer.name, buffer.bytes, tensorUsage));
  }
  for (const [index, buffer] of plan.buffers.entries()) {
    if (buffer.fill.kind !== 'normal') continue;
    reporter.report('upload', null, index / plan.buffers.length);
    await uploadNormals(execution, buffer, [tensors.get(buffer.name)!.buffer]);
  }
  return tensors;
}

async function uploadNormals(execution: Execution, source: PlanBuffer, targets: GPUBuffer[]): Promise<void> {
  const { guarded, reporter, signal } = execution;
  if (source.fill.kind !== 'normal') return;
  const { queue } = guarded.device;
  const chunk = new Float32Array(Math.min(source.bytes, chunkBytes) / 4);
  let unflushed = 0;
  for (let offset = 0; offset < source.bytes; offset += chunkBytes) {
    const part = chunk.subarray(0, Math.min(chunkBytes, source.bytes - offset) / 4);
    fillNormals(part, source.fill, offset / 4);
    for (const target of targets) queue.writeBuffer(target, offset, part);
    unflushed += part.byteLength * targets.length;
    if (unflushed >= bytesBetweenFlushes) {
      unflushed = 0;
      reporter.report('upload', null, 0);
      await guarded.orLost(queue.onSubmittedWorkDone());
    }
    await breathe(signal);
  }
  guarded.check();
}

/** Fills everything that is not an input with NaN, so that an element that nobody writes shows. */
export async function poisonTensors(execution: Execution, tensors: Tensors): Promise<void> {
  const { guarded, ledger, plan } = execution;
  const poisoned = plan.buffers.filter((buffer) => buffer.fill.kind === 'poison');
  const largest = Math.max(0, ...poisoned.map((buffer) => buffer.bytes));
  if (largest === 0) return;
  const source = await ledger.allocate(
    'harness',
    'poison',
    Math.min(largest, chunkBytes),
    bufferUsage.copySource | bufferUsage.copyTarget,
  );
  try {
    await guarded.scoped('Filling outputs with NaN', async () => {
      const { queue } = guarded.device;
      queue.writeBuffer(source.buffer, 0, new Uint32Array(source.bytes / 4).fill(poisonWord));
      const encoder = guarded.device.createCommandEncoder();
      for (const { name, bytes } of poisoned) {
        const target = tensors.get(name)!.buffer;
        for (let offset = 0; offset < bytes; offset += source.bytes) {
          encoder.copyBufferToBuffer(
            source.buffer,
            0,
            target,
            offset,
            Math.min(source.bytes, bytes - offset),
          );
        }
      }
      queue.submit([encoder.finish()]);
      await queue.onSubmittedWorkDone();
    });
  } finally {
    ledger.release(source);
  }
}

/** Inputs in all copies together shall pass the caches of today's GPUs. */
const rotationBytes = 256 * 1024 * 1024;
const maxCopies = 8;

/**
 * Copies of the inputs, so that timed repeats do not find them in a cache. The first copy is the plan's
 * own; the others are harness memory and there are fewer, or none, where memory ends.
 */
export async function copyInputs(execution: Execution, tensors: Tensors): Promise<Map<string, GPUBuffer>[]> {
  const { guarded, ledger, plan, isSoftware } = execution;
  const inputs = plan.buffers.filter((buffer) => buffer.role === 'input');
  const own = new Map(inputs.map(({ name }) => [name, tensors.get(name)!.buffer]));
  const copies = [own];
  const inputBytes = inputs.reduce((total, { bytes }) => total + bytes, 0);
  if (isSoftware || inputBytes === 0) return copies;
  const wanted = Math.min(maxCopies, Math.ceil(rotationBytes / inputBytes));
  for (let copy = 1; copy < wanted; copy++) {
    const made: LedgerEntry[] = [];
    try {
      for (const { name, bytes } of inputs) {
        made.push(await ledger.allocate('harness', `${name} copy ${copy}`, bytes, tensorUsage));
      }
    } catch {
      guarded.check();
      for (const entry of made) ledger.release(entry);
      break;
    }
    const encoder = guarded.device.createCommandEncoder();
    for (const [index, { name, bytes }] of inputs.entries()) {
      encoder.copyBufferToBuffer(own.get(name)!, 0, made[index]!.buffer, 0, bytes);
    }
    guarded.device.queue.submit([encoder.finish()]);
    copies.push(new Map(inputs.map(({ name }, index) => [name, made[index]!.buffer])));
  }
  return copies;
}
