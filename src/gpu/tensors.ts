import { type Pages, rowAtPlace } from '../attention/paging.ts';
import { fillNormals } from '../attention/random/stream.ts';
import { rowLayout } from '../attention/storage.ts';
import type { PlanBuffer } from '../plans/plan.ts';
import { breathe } from './cancellation.ts';
import { bufferUsage } from './constants.ts';
import { GpuError } from './errors.ts';
import type { Execution } from './execution.ts';
import { uploadGenerated } from './generatedFills.ts';
import { guardBytes, writeGuards } from './guards.ts';
import type { LedgerEntry } from './ledger.ts';
import { packRows } from './packing.ts';

const tensorUsage = bufferUsage.storage | bufferUsage.copySource | bufferUsage.copyTarget;
const tableUsage = bufferUsage.uniform | bufferUsage.copyTarget;
const chunkBytes = 4 * 1024 * 1024;
/** Writes wait in staging memory until the queue is idle; this bounds it. */
const bytesBetweenFlushes = 64 * 1024 * 1024;

export type Tensors = ReadonlyMap<string, LedgerEntry>;

/**
 * Allocates the plan's buffers, each tensor with a guard zone behind it, and fills those that no kernel
 * writes. Option tables are the harness's: no algorithm is charged for them.
 */
export async function uploadTensors(execution: Execution): Promise<Tensors> {
  const { ledger, plan, reporter } = execution;
  const tensors = new Map<string, LedgerEntry>();
  for (const { name, role, bytes } of plan.buffers) {
    reporter.report('upload', null, 0);
    const isTable = role === 'table';
    tensors.set(
      name,
      isTable
        ? await ledger.allocate('harness', name, bytes, tableUsage)
        : await ledger.allocate('tensor', name, bytes, tensorUsage, guardBytes),
    );
  }
  writeGuards(execution, tensors);
  for (const [index, buffer] of plan.buffers.entries()) {
    const { buffer: target } = tensors.get(buffer.name)!;
    reporter.report('upload', null, index / plan.buffers.length);
    await fillTensor(execution, buffer, target);
  }
  return tensors;
}

/** Writes what a buffer holds before the plan runs, except for poison and zero. */
export async function fillTensor(execution: Execution, buffer: PlanBuffer, target: GPUBuffer): Promise<void> {
  const { fill, name, bytes } = buffer;
  switch (fill.kind) {
    case 'normal':
      return uploadNormals(execution, buffer, target);
    case 'sequence':
    case 'given':
      return uploadGenerated(execution, buffer, target);
    case 'words': {
      const words = Uint32Array.from(fill.words);
      if (words.byteLength > bytes) {
        throw new GpuError(`Buffer ${name} has ${bytes} bytes; its words need ${words.byteLength}.`);
      }
      execution.guarded.device.queue.writeBuffer(target, 0, words);
      return;
    }
    case 'zero':
    case 'poison':
      return;
  }
}

async function uploadNormals(execution: Execution, source: PlanBuffer, target: GPUBuffer): Promise<void> {
  const { guarded, reporter, signal, given } = execution;
  const { fill, bytes, elements, name } = source;
  if (fill.kind !== 'normal') return;
  const { queue } = guarded.device;
  const layout = rowLayout(elements.dtype, elements.width);
  if (bytes % layout.bytes !== 0) {
    throw new GpuError(
      `Buffer ${name} has ${bytes} bytes, which is no whole number of rows of ${layout.bytes}.`,
    );
  }
  const { pages } = fill;
  const own = given?.get(name);
  const heldRows = pages
    ? (bytes / layout.bytes / (Math.ceil(pages.rows / pages.size) * pages.size)) * pages.rows
    : bytes / layout.bytes;
  if (own && own.length !== heldRows * layout.width) {
    throw new GpuError(`Buffer ${name} holds ${bytes} bytes; ${own.length} values were given for it.`);
  }
  const rowsInChunk = Math.max(1, Math.floor(chunkBytes / layout.bytes));
  const rows = bytes / layout.bytes;
  const values = new Float32Array(Math.min(rows, rowsInChunk) * layout.width);
  const words = new Uint32Array((Math.min(rows, rowsInChunk) * layout.bytes) / 4);
  let unflushed = 0;
  for (let row = 0; row < rows; row += rowsInChunk) {
    const count = Math.min(rowsInChunk, rows - row);
    const part = values.subarray(0, count * layout.width);
    const packed = words.subarray(0, (count * layout.bytes) / 4);
    const draw = (into: Float32Array, first: number) => {
      if (own) into.set(own.subarray(first, first + into.length));
      else fillNormals(into, fill, first);
    };
    if (pages) fillPages(part, layout.width, pages, row, draw);
    else draw(part, row * layout.width);
    packRows(packed, part, layout);
    queue.writeBuffer(target, row * layout.bytes, packed);
    unflushed += packed.byteLength;
    if (unflushed >= bytesBetweenFlushes) {
      unflushed = 0;
      reporter.report('upload', null, 0);
      await guarded.orLost(queue.onSubmittedWorkDone());
    }
    await breathe(signal);
  }
  guarded.check();
}

/** Fills places `first` .. of a paged buffer, row by row; `draw` gives the elements of a row from its first. */
function fillPages(
  part: Float32Array,
  width: number,
  pages: Pages,
  first: number,
  draw: (into: Float32Array, first: number) => void,
): void {
  const rowAt = rowAtPlace(pages);
  for (let at = 0; at * width < part.length; at++) {
    const row = rowAt(first + at);
    const into = part.subarray(at * width, (at + 1) * width);
    if (row === null) into.fill(0);
    else draw(into, row * width);
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
  const inputs = plan.buffers.filter(({ role }) => role === 'input' || role === 'computed');
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
