import { DeviceLostError, GpuError, messageOf, OutOfMemoryError } from './errors.ts';

/** A device and what is known of its health. The first failure is kept: it is the one that explains. */
export class GuardedDevice {
  readonly device: GPUDevice;
  readonly lost: Promise<string>;
  #lostReason: string | null = null;
  #uncaptured: string | null = null;
  readonly #waiting = new Set<() => void>();

  constructor(device: GPUDevice) {
    this.device = device;
    this.lost = device.lost.then((info) => {
      this.#lostReason = info.message || info.reason || 'no reason given';
      for (const give of this.#waiting) give();
      return this.#lostReason;
    });
    device.addEventListener('uncapturederror', (event) => {
      this.#uncaptured ??= messageOf(event.error);
    });
  }

  get isLost(): boolean {
    return this.#lostReason !== null;
  }

  /** Throws if the device is lost, or if an error went past every error scope. */
  check(): void {
    if (this.#lostReason !== null) throw this.#lostError();
    if (this.#uncaptured !== null) {
      const message = this.#uncaptured;
      this.#uncaptured = null;
      throw new GpuError(`The GPU reported an error: ${message}`);
    }
  }

  /**
   * Runs `work` under error scopes for validation, memory and internal errors. Errors of the kind that
   * WebGPU reports late are thrown here, each with its own type. A lost device ends the wait.
   */
  async scoped<T>(what: string, work: () => T | Promise<T>): Promise<T> {
    this.check();
    const { device } = this;
    for (const filter of ['internal', 'out-of-memory', 'validation'] as const) device.pushErrorScope(filter);
    let result: T;
    let pops: Promise<GPUError | null>[];
    try {
      result = await this.orLost(work());
    } finally {
      pops = [0, 1, 2].map(() => device.popErrorScope());
      for (const pop of pops) pop.catch(() => {});
    }
    const [validation, memory, internal] = await this.orLost(Promise.all(pops));
    this.check();
    if (memory) {
      throw new OutOfMemoryError(
        `${what}: the device is out of memory (${firstLine(memory)}). ` +
          'Close other programs that use it, take a smaller problem or another adapter.',
      );
    }
    const error = validation ?? internal;
    if (error) throw new GpuError(`${what}: ${messageOf(error)}`);
    return result;
  }

  /** The value, or an error when the device is lost first: some WebGPU promises then never settle. */
  async orLost<T>(value: T | Promise<T>): Promise<T> {
    let give = () => {};
    const lost = new Promise<never>((_, reject) => {
      give = () => reject(this.#lostError());
    });
    if (this.isLost) give();
    this.#waiting.add(give);
    try {
      return await Promise.race([value, lost]);
    } finally {
      this.#waiting.delete(give);
    }
  }

  #lostError(): DeviceLostError {
    return new DeviceLostError(
      `The GPU device was lost (${this.#lostReason}). Run again: a new device will be opened.`,
    );
  }
}

function firstLine(error: GPUError): string {
  return messageOf(error).split('\n')[0]!;
}
