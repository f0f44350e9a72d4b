import { type ChildProcess, execFile } from 'node:child_process';
import { join } from 'node:path';

/**
 * Ends a process and what it started, at once and without asking: a process that hangs in a driver answers
 * no request to end. On POSIX it leads a group of its own, which also takes the wrapper scripts of version
 * managers along.
 */
export function killTree(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  if (process.platform === 'win32') {
    const taskkill = join(process.env.SystemRoot ?? 'C:\\Windows', 'System32', 'taskkill.exe');
    execFile(taskkill, ['/pid', String(pid), '/T', '/F'], { windowsHide: true }, () => {});
    child.kill('SIGKILL');
    return;
  }
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group is gone, or was never made.
    child.kill('SIGKILL');
  }
}
