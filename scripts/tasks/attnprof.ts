import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildIfStale } from '../build/upToDate.ts';
import { runForeground } from '../lib/foreground.mjs';
import { projectRoot } from '../lib/root.mjs';
import { SetupError } from '../lib/setupError.mjs';

/** `npm run -s attnprof -- ...`: the headless program, built first where the sources changed. */
export async function main(args: string[]): Promise<number> {
  await buildIfStale();
  const program = join(projectRoot, 'dist', 'attnprof.mjs');
  if (!existsSync(program)) throw new SetupError('There is no src/cli/main.ts to build attnprof from.');
  return await runForeground(process.execPath, [program, ...args]);
}
