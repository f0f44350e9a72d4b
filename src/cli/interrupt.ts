import { constants } from 'node:os';
import process from 'node:process';

/** How long a cancelled command may take to end by itself, milliseconds. */
const graceMs = 3_000;

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

interface Disposable {
  dispose(): void;
}

/**
 * Runs `work` so that an interrupt cancels it: its signal is aborted, it may clean up, and the exit code is
 * 128 and the signal's number (130 for Ctrl-C). What it handed to `own` is disposed in any case, so that no
 * GPU process outlives the program. Ctrl-C arrives twice where a launcher passes it on; once is enough.
 */
export async function interruptible(
  work: (signal: AbortSignal, own: <T extends Disposable>(owned: T) => T) => Promise<number>,
): Promise<number> {
  const controller = new AbortController();
  const owned: Disposable[] = [];
  let interrupted: number | null = null;
  let giveUp = () => {};
  const gaveUp = new Promise<void>((resolve) => {
    giveUp = resolve;
  });
  let timer: NodeJS.Timeout | undefined;
  const onSignal = (name: NodeJS.Signals) => {
    if (interrupted !== null) return;
    interrupted = 128 + constants.signals[name];
    controller.abort();
    timer = setTimeout(giveUp, graceMs);
  };
  for (const name of signals) process.on(name, onSignal);
  try {
    const code = await Promise.race([
      work(controller.signal, (disposable) => {
        owned.push(disposable);
        return disposable;
      }),
      gaveUp,
    ]);
    return interrupted ?? code ?? 1;
  } finally {
    clearTimeout(timer);
    for (const disposable of owned) disposable.dispose();
    for (const name of signals) process.off(name, onSignal);
  }
}
