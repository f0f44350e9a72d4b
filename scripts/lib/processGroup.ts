import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** A child and everything it starts, which end together. */
export interface ProcessGroup {
  readonly child: ChildProcess;
  /** Resolves with the exit code, or with null where a signal ended it. */
  readonly exited: Promise<number | null>;
  /** Asks the whole group to end, and after `graceMs` makes it. */
  stop(graceMs?: number): Promise<void>;
}

/** Starts a program as the leader of a process group of its own. */
export function startGroup(command: string, args: string[], options: SpawnOptions = {}): ProcessGroup {
  const child = spawn(command, args, { ...options, detached: process.platform !== 'win32' });
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  // Whoever awaits it hears of the error; nobody has to.
  exited.catch(() => {});
  const atExit = () => signalGroup(child, 'SIGKILL');
  process.once('exit', atExit);

  async function stop(graceMs = 2000): Promise<void> {
    signalGroup(child, 'SIGTERM');
    const deadline = Date.now() + graceMs;
    while (groupLives(child) && Date.now() < deadline) await sleep(50);
    signalGroup(child, 'SIGKILL');
    await exited.catch(() => null);
    process.off('exit', atExit);
  }
  return { child, exited, stop };
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  if (child.pid === undefined) return false;
  try {
    if (process.platform !== 'win32') return process.kill(-child.pid, signal);
    if (signal === 0) return child.exitCode === null;
    spawn('taskkill', ['/pid', String(child.pid), '/T', '/F'], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // nobody of the group is left
  }
}

function groupLives(child: ChildProcess): boolean {
  return signalGroup(child, 0);
}
