import { createWriteStream, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { startGroup } from '../lib/processGroup.ts';
import { projectRoot } from '../lib/root.mjs';

/** What one stage of the tests came to. */
export interface StageResult {
  passed: number;
  failed: number;
  /** Tests that could not run here and said why; they count neither way. */
  skipped?: number;
  /** Why the stage as a whole went wrong, beyond the tests it counted. */
  problem?: string;
}

export interface Stage {
  name: string;
  run(): Promise<StageResult>;
}

export interface CommandResult {
  code: number;
  timedOut: boolean;
}

/** Tests that start `node` shall get the project's, and a log shall hold no terminal codes. */
const inherited: Record<string, string> = {
  PATH: [join(projectRoot, 'node_modules', '.bin'), process.env.PATH].join(delimiter),
  ...(process.stdout.isTTY ? {} : { NO_COLOR: '1', FORCE_COLOR: '0' }),
};

/** Where stages leave their logs, reports and pictures. */
export const resultsFolder = join(projectRoot, 'test-results');

/**
 * Runs one program of a stage with its output on the terminal and in `test-results/NAME.log`. Past the time
 * limit the program and everything it started is ended.
 */
export async function runCommand(
  name: string,
  command: string,
  args: string[],
  { timeoutMs, env = {} }: { timeoutMs: number; env?: Record<string, string> },
): Promise<CommandResult> {
  mkdirSync(resultsFolder, { recursive: true });
  const log = createWriteStream(join(resultsFolder, `${name}.log`));
  const group = startGroup(command, args, {
    cwd: projectRoot,
    env: { ...process.env, ...inherited, ...env },
  });
  const outputs = [group.stdout, group.stderr].map((stream) => {
    stream.on('data', (chunk: Buffer) => {
      process.stdout.write(chunk);
      log.write(chunk);
    });
    return new Promise((resolve) => stream.once('close', resolve));
  });
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    void group.stop();
  }, timeoutMs);
  try {
    const code = await group.exited;
    return { code, timedOut };
  } finally {
    clearTimeout(timer);
    await group.stop(500);
    await Promise.all(outputs);
    log.end();
  }
}

/** A program of Node's that counts as one check: it passed where it exits with 0. */
export async function runCheck(name: string, args: string[]): Promise<StageResult> {
  const { code, timedOut } = await runCommand(name, process.execPath, args, { timeoutMs: 120_000 });
  if (code === 0) return { passed: 1, failed: 0 };
  return { passed: 0, failed: 1, problem: timedOut ? 'took longer than 2 minutes' : `exit code ${code}` };
}
