import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

/** The built program, run as a user runs it: a process of its own, on a machine with no GPU driver. */
const program = join(import.meta.dirname, '..', '..', 'dist', 'attnprof.mjs');
export const adapter = process.platform === 'linux' && process.arch === 'x64' ? 'embedded' : 'auto';

export function start(args: string[]): ChildProcess {
  // The program finds its own adapter: what the other GPU tests need in the environment is left out.
  const { LD_LIBRARY_PATH: _library, VK_ICD_FILENAMES: _driver, ...env } = process.env;
  return spawn(process.execPath, [program, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
}

export interface Outcome {
  code: number | null;
  out: string;
  error: string;
  seconds: number;
}

export async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  const started = performance.now();
  let out = '';
  let error = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    error += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return { code, out, error, seconds: (performance.now() - started) / 1000 };
}

export const attnprof = (...args: string[]) => outcomeOf(start(args));
