import { notReproduced, reproduceRows } from '../attention/literature/reproduce.ts';
import { reproduceText } from './reproduceText.ts';
import type { CommandContext } from './services.ts';
import { styleFor } from './style.ts';

/** Prints published numbers beside ours. No GPU is needed; a number outside its tolerance is a result. */
export async function runReproduce(
  flags: { json?: boolean },
  { terminal, signal }: CommandContext,
): Promise<void> {
  const rows = reproduceRows();
  const left = notReproduced();
  signal.throwIfAborted();
  await terminal.out.write(
    flags.json
      ? `${JSON.stringify({ rows, notReproduced: left }, null, 2)}\n`
      : reproduceText(rows, left, styleFor(terminal)),
  );
}
