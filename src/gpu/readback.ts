import { breathe } from './cancellation.ts';
import { bufferUsage, mapModeRead } from './constants.ts';
import { GpuError, messageOf } from './errors.ts';
import type { Execution } from './execution.ts';

const chunkBytes = 16 * 1024 * 1024;

/** Words of a buffer in chunks, in order: `from` is the index of the chunk's first word. */
export interface WordChunk {
  from: number;
  words: Uint32Array;
}

/** Reads a buffer back through a small staging buffer. The words of a chunk die with the next chunk. */
export async function* readWords(
  execution: Execution,
  source: GPUBuffer,
  bytes: number,
): AsyncGenerator<WordChunk> {
  const { guarded, ledger, signal } = execution;
  const { device } = guarded;
  const staging = await ledger.allocate(
    'harness',
    'read-back',
    Math.min(bytes, chunkBytes),
    bufferUsage.copyTarget | bufferUsage.mapRead,
  );
  try {
    for (let offset = 0; offset < bytes; offset += chunkBytes) {
      const size = Math.min(chunkBytes, bytes - offset);
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(source, offset, staging.buffer, 0, size);
      device.queue.submit([encoder.finish()]);
      try {
        await guarded.orLost(staging.buffer.mapAsync(mapModeRead, 0, size));
      } catch (error) {
        guarded.check();
        throw new GpuError(`Reading results back from the GPU failed: ${messageOf(error)}`, { cause: error });
      }
      yield { from: offset / 4, words: new Uint32Array(staging.buffer.getMappedRange(0, size)) };
      staging.buffer.unmap();
      await breathe(signal);
    }
  } finally {
    ledger.release(staging);
  }
}
