import { readdirSync, readFileSync } from 'node:fs';

/** The GPU processes that this extension host started, from the process table (Linux). */
export function gpuProcesses(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isGpuProcess(pid) && parentOf(pid) === process.pid);
}

function isGpuProcess(pid: number): boolean {
  return read(`/proc/${pid}/cmdline`).includes('gpuHost.mjs');
}

/** The fourth field of `stat`; the second is a name in brackets that may hold anything. */
function parentOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

/** A process may end while it is looked at. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
