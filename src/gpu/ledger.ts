import type { BufferSize } from '../attention/cost/cost.ts';
import type { GuardedDevice } from './device.ts';
import { GpuError, LimitError } from './errors.ts';

/** `tensor`: what the algorithm needs. `harness`: what measuring it needs, and no user would allocate. */
export type LedgerCategory = 'tensor' | 'harness';

export interface LedgerEntry {
  readonly category: LedgerCategory;
  readonly name: string;
  readonly bytes: number;
  /** Bytes behind the tensor that no kernel may touch; booked as the harness's. */
  readonly guardBytes: number;
  readonly buffer: GPUBuffer;
}

/** Makes every buffer of a measurement, so that the bytes it reports are exact and none outlives it. */
export class Ledger {
  readonly #device: GuardedDevice;
  readonly #entries = new Set<LedgerEntry>();
  readonly #bytes = { tensor: 0, harness: 0 };
  readonly #peak = { tensor: 0, harness: 0 };

  constructor(device: GuardedDevice) {
    this.#device = device;
  }

  /**
   * Allocates, or throws `LimitError` before anything is allocated, `OutOfMemoryError`, or `GpuError`.
   * Bytes must be a positive multiple of four. A guard zone is left out where the buffer has no room for it.
   */
  async allocate(
    category: LedgerCategory,
    name: string,
    bytes: number,
    usage: GPUBufferUsageFlags,
    wantedGuardBytes = 0,
  ): Promise<LedgerEntry> {
    if (!Number.isSafeInteger(bytes) || bytes <= 0 || bytes % 4 !== 0) {
      throw new GpuError(`Buffer ${name} has ${bytes} bytes; a positive multiple of 4 is needed.`);
    }
    const { device } = this.#device;
    const { maxBufferSize } = device.limits;
    if (bytes > maxBufferSize) throw new LimitError(`Buffer ${name}`, bytes, maxBufferSize, 'maxBufferSize');
    const guardBytes = bytes + wantedGuardBytes <= maxBufferSize ? wantedGuardBytes : 0;
    let buffer: GPUBuffer | undefined;
    try {
      await this.#device.scoped(`Buffer ${name} of ${bytes} bytes`, () => {
        buffer = device.createBuffer({ label: name, size: bytes + guardBytes, usage });
      });
    } catch (error) {
      buffer?.destroy();
      throw error;
    }
    const entry: LedgerEntry = { category, name, bytes, guardBytes, buffer: buffer! };
    this.#entries.add(entry);
    this.#book(category, bytes);
    this.#book('harness', guardBytes);
    return entry;
  }

  release(entry: LedgerEntry): void {
    if (!this.#entries.delete(entry)) return;
    this.#book(entry.category, -entry.bytes);
    this.#book('harness', -entry.guardBytes);
    entry.buffer.destroy();
  }

  #book(category: LedgerCategory, bytes: number): void {
    this.#bytes[category] += bytes;
    this.#peak[category] = Math.max(this.#peak[category], this.#bytes[category]);
  }

  currentBytes(category: LedgerCategory): number {
    return this.#bytes[category];
  }

  peakBytes(category: LedgerCategory): number {
    return this.#peak[category];
  }

  /** Live buffers of a category, in the order of their allocation. */
  sizes(category: LedgerCategory): BufferSize[] {
    return [...this.#entries]
      .filter((entry) => entry.category === category)
      .map(({ name, bytes }) => ({ name, bytes }));
  }

  /** Destroys every buffer; peaks stay readable. */
  dispose(): void {
    for (const entry of [...this.#entries]) this.release(entry);
  }
}
