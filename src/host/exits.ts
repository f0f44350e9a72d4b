import type { ProcessExit } from './errors.ts';

/** Signals that come from outside a process: a user, a session manager, or the kernel when memory runs out. */
const sentByOthers = new Set(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT']);

/**
 * Who ended a process that the supervisor did not end: `crash`, by itself (SIGSEGV, SIGABRT, an exit code),
 * or `killed`, by somebody else. Windows knows no signals; there 1 is the code of a terminated process,
 * which the GPU process itself never ends with.
 */
export function causeOfExit(exit: ProcessExit, platform: string): 'crash' | 'killed' {
  if (exit.signal !== null) return sentByOthers.has(exit.signal) ? 'killed' : 'crash';
  return platform === 'win32' && exit.code === 1 ? 'killed' : 'crash';
}
