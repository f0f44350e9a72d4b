import { breathe } from '../cancellation.ts';

export interface ReferenceOptions {
  signal?: AbortSignal | undefined;
  /** Called now and then with the share done, 0 to 1. */
  onProgress?: ((fraction: number) => void) | undefined;
}

/** About 20 ms of work between two looks at the event loop. */
const operationsBetweenBreaths = 2e7;

/**
 * Lets the event loop in when `operations` since the last time are many. The returned function throws
 * `AbortError` when cancelled.
 */
export function breather({ signal, onProgress }: ReferenceOptions) {
  let done = 0;
  return async (operations: number, fraction: number): Promise<void> => {
    done += operations;
    if (done < operationsBetweenBreaths) return;
    done = 0;
    onProgress?.(fraction);
    await breathe(signal);
  };
}
