import type { ProfileProgress } from '../profiler/job.ts';
import type { Terminal } from './services.ts';
import { oneLine } from './wrongUse.ts';

const eraseLine = '\r\u001b[2K';

/** One line on standard error that is written over, and nothing at all where that is no terminal. */
export function showProgress({ error }: Terminal) {
  let shown = false;
  return {
    show({ message, fraction }: ProfileProgress): void {
      if (!error.isTty) return;
      const percent = `${Math.round(Math.min(1, Math.max(0, fraction || 0)) * 100)}%`.padStart(4);
      void error.write(`${eraseLine}${percent} ${oneLine(message).slice(0, 72)}`);
      shown = true;
    },
    async end(): Promise<void> {
      if (shown) await error.write(eraseLine);
    },
  };
}
