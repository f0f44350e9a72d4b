import type { MeasureProgress } from './protocol.ts';

/**
 * - `no-node`: no plain Node to run the GPU process with
 * - `no-dawn`: this build has no WebGPU library for this platform, or it does not load
 * - `no-adapter`: no adapter like the one asked for
 * - `no-readback`: the runtime cannot read GPU memory (Electron)
 * - `start-failed`: the GPU process ended or hung before its device was open
 * - `hang`: no sign of life for longer than the announced patience; the process was ended
 * - `crash`: the process ended by itself while it worked
 * - `killed`: somebody else ended the process while it worked
 * - `quarantined`: the plan hung or crashed before and is not run again
 * - `cancelled`: the caller's signal was aborted
 * - `protocol`: a message was not what it must be
 * - `failed`: the GPU process answered with an error of its own
 * - `disposed`: the host was shut down
 */
export type HostErrorKind =
  | 'no-node'
  | 'no-dawn'
  | 'no-adapter'
  | 'no-readback'
  | 'start-failed'
  | 'hang'
  | 'crash'
  | 'killed'
  | 'quarantined'
  | 'cancelled'
  | 'protocol'
  | 'failed'
  | 'disposed';

/** Kinds that the GPU process itself answers with; everything else is the supervisor's finding. */
export const answeredKinds = [
  'no-dawn',
  'no-adapter',
  'no-readback',
  'cancelled',
  'protocol',
  'failed',
] as const satisfies HostErrorKind[];
export type AnsweredKind = (typeof answeredKinds)[number];

/** How a process ended: an exit code or the signal that ended it. */
export interface ProcessExit {
  code: number | null;
  signal: string | null;
}

/** The plan that was in flight, in words. */
export interface PlanName {
  algorithm: string;
  pass: string;
  problem: string;
}

export interface HostErrorDetails {
  plan?: PlanName | null;
  /** The last progress before it happened: phase and stage. */
  progress?: MeasureProgress | null;
  exit?: ProcessExit | null;
  /** The last lines that the GPU process wrote. */
  output?: string | null;
}

/** Every failure of the host. The message says what happened and what to do next. */
export class HostError extends Error {
  readonly kind: HostErrorKind;
  readonly plan: PlanName | null;
  readonly progress: MeasureProgress | null;
  readonly exit: ProcessExit | null;
  readonly output: string | null;

  constructor(kind: HostErrorKind, message: string, details: HostErrorDetails = {}) {
    super(message);
    // Callers that know only the web's convention recognise a cancellation by this name.
    this.name = kind === 'cancelled' ? 'AbortError' : 'HostError';
    this.kind = kind;
    this.plan = details.plan ?? null;
    this.progress = details.progress ?? null;
    this.exit = details.exit ?? null;
    this.output = details.output || null;
  }
}

export function planInWords(plan: PlanName): string {
  return `${plan.algorithm} ${plan.pass} (${plan.problem})`;
}

/** `exit code 1` or `signal SIGSEGV`. */
export function exitInWords(exit: ProcessExit): string {
  if (exit.signal !== null) return `signal ${exit.signal}`;
  if (exit.code === null) return 'unknown cause';
  // Windows reports exceptions as large codes, which are known by their hexadecimal form.
  return exit.code > 255 || exit.code < 0
    ? `exit code 0x${(exit.code >>> 0).toString(16).toUpperCase()}`
    : `exit code ${exit.code}`;
}

/** ` while compiling, stage "scores"`, or nothing where no progress came. */
export function progressInWords(progress: MeasureProgress | null): string {
  if (!progress) return '';
  const doing = {
    upload: 'uploading',
    compile: 'compiling',
    run: 'running',
    check: 'checking',
    count: 'counting',
    time: 'timing',
    readback: 'reading back',
  }[progress.phase];
  return progress.stage === null ? ` while ${doing}` : ` while ${doing}, stage "${progress.stage}"`;
}
