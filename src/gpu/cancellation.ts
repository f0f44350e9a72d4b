/**
 * Throws an `AbortError` when cancelled, whatever reason the canceller gave. The check is by signal, never
 * by an error's name: WebGPU itself rejects with `AbortError` when a device is lost while a buffer maps.
 */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError();
}

export function abortError(): DOMException {
  return new DOMException('The measurement was cancelled.', 'AbortError');
}

/** Sleeps, or ends early without an error when cancelled. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** Lets timers, messages and cancellation in between two pieces of long work on the CPU. */
export async function breathe(signal?: AbortSignal): Promise<void> {
  await sleep(0);
  throwIfCancelled(signal);
}
