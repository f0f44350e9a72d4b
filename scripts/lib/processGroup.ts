import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

export interface GroupOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

/** A program and everything it starts, which end together, and at the latest with this process. */
export interface ProcessGroup {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** The program's exit code, 128 and the signal's number where a signal ended it. */
  readonly exited: Promise<number>;
  /** Asks the whole group to end, and after `graceMs` makes it. */
  stop(graceMs?: number): Promise<void>;
}

/** Starts a program in a process group of its own, with no standard input. */
export function startGroup(program: string, args: string[], options: GroupOptions = {}): ProcessGroup {
  const guard = spawn(process.execPath, [join(import.meta.dirname, 'guard.mjs'), program, ...args], {
    ...options,
    stdio: 'pipe',
    detached: process.platform !== 'win32',
  });
  const exited = new Promise<number>((resolve, reject) => {
    guard.once('error', reject);
    guard.once('exit', (code) => resolve(code ?? 137));
  });
  // Whoever awaits it hears of the error; nobody has to.
  exited.catch(() => {});

  async function stop(graceMs = 2000): Promise<void> {
    signalGroup(guard, 'SIGTERM');
    const deadline = Date.now() + graceMs;
    while (signalGroup(guard, 0) && Date.now() < deadline) await sleep(50);
    signalGroup(guard, 'SIGKILL');
    await exited.catch(() => null);
  }
  return { stdout: guard.stdout, stderr: guard.stderr, exited, stop };
}

/** Returns false where nobody of the group is left. */
function signalGroup(guard: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  if (guard.pid === undefined) return false;
  try {
    if (process.platform !== 'win32') return process.kill(-guard.pid, signal);
    if (signal === 0) return guard.exitCode === null;
    guard.stdin?.destroy(); // the guard ends its tree
    return true;
  } catch {
    return false;
  }
}
