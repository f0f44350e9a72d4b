import type { GpuHost } from '../host/protocol.ts';
import type { countKernel } from '../profiler/countKernel.ts';
import type { profile } from '../profiler/profile.ts';
import type { runOnFiles } from '../profiler/runFiles.ts';
import type { sweep } from '../profiler/sweep/sweep.ts';
import type { verify } from '../profiler/verify.ts';
import type { SyntaxParser } from '../shapes/python/syntax.ts';

/** Where text goes. `write` resolves when the text was handed over, also where the reader has gone. */
export interface TextStream {
  readonly isTty: boolean;
  write(text: string): Promise<void>;
}

export interface Terminal {
  readonly out: TextStream;
  readonly error: TextStream;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What the commands stand on, handed in so that tests can put their own in its place. */
export interface Services {
  createHost(): GpuHost;
  profile: typeof profile;
  sweep: typeof sweep;
  verify: typeof verify;
  runOnFiles: typeof runOnFiles;
  countKernel: typeof countKernel;
  /** Loads the grammar of Python; who asks deletes the parser. */
  pythonParser(): Promise<SyntaxParser>;
  version: string;
}

/** What every command gets. */
export interface CommandContext {
  services: Services;
  terminal: Terminal;
  /** Aborted when the user interrupts. */
  signal: AbortSignal;
}
