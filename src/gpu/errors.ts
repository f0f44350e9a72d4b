import type { CompileProblem } from './measurement.ts';

/** Something a GPU, its driver or a plan did wrong. The message says what happened and what to do next. */
export class GpuError extends Error {
  override name = 'GpuError';
}

/** A buffer that the device's limits forbid; nothing was allocated. */
export class LimitError extends GpuError {
  override name = 'LimitError';
  readonly neededBytes: number;
  readonly limitBytes: number;
  readonly limitName: string;

  constructor(what: string, neededBytes: number, limitBytes: number, limitName: string) {
    super(
      `${what} needs ${neededBytes} bytes, but ${limitName} of this device is ${limitBytes}. ` +
        'Take a smaller problem or another adapter.',
    );
    this.neededBytes = neededBytes;
    this.limitBytes = limitBytes;
    this.limitName = limitName;
  }
}

/** The device had no memory left for a buffer. */
export class OutOfMemoryError extends GpuError {
  override name = 'OutOfMemoryError';
}

/** A kernel that the device's compiler refuses. */
export class CompileError extends GpuError {
  override name = 'CompileError';
  readonly problems: readonly CompileProblem[];

  constructor(message: string, problems: readonly CompileProblem[] = [], options?: ErrorOptions) {
    super(message, options);
    this.problems = problems;
  }
}

/** The device is gone: destroyed, reset by the driver, or unplugged. */
export class DeviceLostError extends GpuError {
  override name = 'DeviceLostError';
}

/** The words of an error; WebGPU's own (`GPUError`) are no `Error`, but have a message too. */
export function messageOf(error: unknown): string {
  const hasMessage = typeof error === 'object' && error !== null && 'message' in error;
  const text = String(hasMessage ? error.message : error);
  // Dawn adds which of its calls and source files it was in, of no use to a reader.
  return text
    .split('\n')
    .filter((line) => !/^\s+at \S+ \(|^ - While /.test(line))
    .join('\n')
    .trim();
}
