import { f16FromF32Bits } from '../attention/halfFloats.ts';
import type { Fill, PlanBuffer } from '../plans/plan.ts';
import { breathe } from './cancellation.ts';
import { GpuError } from './errors.ts';
import type { Execution } from './execution.ts';

const chunkWords = 1024 * 1024;
/** Writes wait in staging memory until the queue is idle; this bounds it. */
const chunksBetweenFlushes = 16;

type Sequence = Extract<Fill, { kind: 'sequence' }>;

/** Writes what a fill of kind `sequence` or `given` says into a buffer, in chunks. */
export async function uploadGenerated(
  execution: Execution,
  { name, bytes, fill }: PlanBuffer,
  target: GPUBuffer,
): Promise<void> {
  const { guarded, reporter, signal, given } = execution;
  const { queue } = guarded.device;
  const write = writerOf(name, fill, bytes, given?.get(name));
  const total = bytes / 4;
  const words = new Uint32Array(Math.min(total, chunkWords));
  for (let first = 0, chunk = 1; first < total; first += chunkWords, chunk++) {
    const part = words.subarray(0, Math.min(chunkWords, total - first));
    write(part, first);
    queue.writeBuffer(target, first * 4, part);
    if (chunk % chunksBetweenFlushes === 0) {
      reporter.report('upload', null, 0);
      await guarded.orLost(queue.onSubmittedWorkDone());
    }
    await breathe(signal);
  }
  guarded.check();
}

/** Writes words `first` .. of the whole buffer. */
type Writer = (part: Uint32Array, first: number) => void;

function writerOf(name: string, fill: Fill, bytes: number, given: Float32Array | undefined): Writer {
  switch (fill.kind) {
    case 'sequence':
      return (part, first) => writeSequence(part, first, fill);
    case 'given': {
      if (given?.byteLength !== bytes) {
        throw new GpuError(`Buffer ${name} has ${bytes} bytes; ${given?.byteLength ?? 0} were given for it.`);
      }
      const all = new Uint32Array(given.buffer, given.byteOffset, given.length);
      return (part, first) => part.set(all.subarray(first, first + part.length));
    }
    default:
      throw new GpuError(`Buffer ${name} has a fill of another kind: ${fill.kind}.`);
  }
}

function writeSequence(part: Uint32Array, first: number, { type, start, step }: Sequence): void {
  const floats = new Float32Array(part.buffer, part.byteOffset, part.length);
  for (let at = 0; at < part.length; at++) {
    const index = first + at;
    if (type === 'f32') floats[at] = start + index * step;
    else if (type === 'f16')
      part[at] = half(start + 2 * index * step) | (half(start + (2 * index + 1) * step) << 16);
    // Stored as modulo 2^32, negative numbers in two's complement.
    else part[at] = start + index * step;
  }
}

function half(value: number): number {
  return f16FromF32Bits(new Uint32Array(new Float32Array([value]).buffer)[0]!);
}
