import { HostError } from './errors.ts';

/**
 * Runs tasks one after the other, in the order in which they came. One GPU, one task: two that ran side by
 * side would spoil each other's times. A task that is cancelled or shut down while it waits never starts.
 */
export class SerialQueue {
  readonly #waiting: { start: () => void; refuse: (error: HostError) => void }[] = [];
  #running = false;

  /** Whether nothing runs and nothing waits. */
  get idle(): boolean {
    return !this.#running && this.#waiting.length === 0;
  }

  run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const cancel = (): void => {
        const index = this.#waiting.indexOf(entry);
        if (index >= 0) this.#waiting.splice(index, 1);
        entry.refuse(cancelled());
      };
      const entry = {
        start: () => {
          signal?.removeEventListener('abort', cancel);
          this.#running = true;
          // The place is free before the result is known, so that whoever awaits it finds the queue idle.
          task().then(
            (value) => {
              this.#next();
              resolve(value);
            },
            (error: unknown) => {
              this.#next();
              reject(error);
            },
          );
        },
        refuse: (error: HostError) => {
          signal?.removeEventListener('abort', cancel);
          reject(error);
        },
      };
      if (signal?.aborted) {
        reject(cancelled());
        return;
      }
      signal?.addEventListener('abort', cancel, { once: true });
      this.#waiting.push(entry);
      if (!this.#running) this.#next();
    });
  }

  /** Rejects everything that waits; what runs is for its owner to end. */
  refuseWaiting(error: HostError): void {
    for (const entry of this.#waiting.splice(0)) entry.refuse(error);
  }

  #next(): void {
    this.#running = false;
    this.#waiting.shift()?.start();
  }
}

export function cancelled(): HostError {
  return new HostError('cancelled', 'The measurement was cancelled.');
}
