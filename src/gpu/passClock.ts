import { bufferUsage, mapModeRead } from './constants.ts';
import type { GuardedDevice } from './device.ts';
import { GpuError, messageOf } from './errors.ts';
import type { Ledger, LedgerEntry } from './ledger.ts';

/** Timestamps at the begin and end of compute passes, in nanoseconds (WebGPU, section 20.4). */
export class PassClock {
  readonly #guarded: GuardedDevice;
  readonly #ledger: Ledger;
  readonly #querySet: GPUQuerySet;
  readonly #resolved: LedgerEntry;
  readonly #readable: LedgerEntry;

  private constructor(
    guarded: GuardedDevice,
    ledger: Ledger,
    querySet: GPUQuerySet,
    resolved: LedgerEntry,
    readable: LedgerEntry,
  ) {
    this.#guarded = guarded;
    this.#ledger = ledger;
    this.#querySet = querySet;
    this.#resolved = resolved;
    this.#readable = readable;
  }

  static async create(guarded: GuardedDevice, ledger: Ledger, passes: number): Promise<PassClock> {
    const bytes = passes * 16;
    const { queryResolve, copySource, copyTarget, mapRead } = bufferUsage;
    const resolved = await ledger.allocate('harness', 'timestamps', bytes, queryResolve | copySource);
    const readable = await ledger.allocate('harness', 'timestamps read', bytes, copyTarget | mapRead);
    const querySet = guarded.device.createQuerySet({ type: 'timestamp', count: passes * 2 });
    return new PassClock(guarded, ledger, querySet, resolved, readable);
  }

  writes(pass: number): GPUComputePassTimestampWrites {
    return {
      querySet: this.#querySet,
      beginningOfPassWriteIndex: pass * 2,
      endOfPassWriteIndex: pass * 2 + 1,
    };
  }

  resolve(encoder: GPUCommandEncoder, passes: number): void {
    encoder.resolveQuerySet(this.#querySet, 0, passes * 2, this.#resolved.buffer, 0);
    encoder.copyBufferToBuffer(this.#resolved.buffer, 0, this.#readable.buffer, 0, passes * 16);
  }

  /** Milliseconds of each pass of the last submission, which must be done. */
  async read(passes: number): Promise<number[]> {
    const { buffer } = this.#readable;
    try {
      await this.#guarded.orLost(buffer.mapAsync(mapModeRead, 0, passes * 16));
    } catch (error) {
      this.#guarded.check();
      throw new GpuError(`Reading the GPU's timestamps failed: ${messageOf(error)}`, { cause: error });
    }
    const stamps = new BigUint64Array(buffer.getMappedRange(0, passes * 16));
    const result = Array.from({ length: passes }, (_, pass) => {
      const nanoseconds = stamps[pass * 2 + 1]! - stamps[pass * 2]!;
      return Number(BigInt.asIntN(64, nanoseconds)) / 1e6;
    });
    buffer.unmap();
    // A clock that steps back (it is reset when some devices change power state) gives no time at all.
    return result.map((milliseconds) => Math.max(0, milliseconds));
  }

  dispose(): void {
    this.#querySet.destroy();
    this.#ledger.release(this.#resolved);
    this.#ledger.release(this.#readable);
  }
}
