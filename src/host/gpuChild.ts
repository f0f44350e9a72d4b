import { type ChildProcess, fork } from 'node:child_process';
import {
  createMessageConnection,
  IPCMessageReader,
  IPCMessageWriter,
  type MessageConnection,
} from 'vscode-jsonrpc/node';
import type { ProcessExit } from './errors.ts';
import { killTree } from './killTree.ts';
import { OutputTail } from './outputTail.ts';

export interface GpuChildOptions {
  /** The Node executable, absolute. */
  runtime: string;
  /** The bundle of the GPU process, absolute. */
  entry: string;
  folder: string;
  environment: Record<string, string>;
  log: (line: string) => void;
}

/** What ended a process on purpose. */
export type EndCause =
  | 'idle'
  | 'replaced'
  | 'hang'
  | 'cancelled'
  | 'protocol'
  | 'disposed'
  | 'lost'
  | 'failed';

/** How long the last output of a dead process, or a process that will not die, is waited for. */
const flushMs = 300;
const dyingMs = 5_000;

/** One GPU process: its channel, its last output, and its end. */
export class GpuChild {
  readonly connection: MessageConnection;
  /** Resolves when the process is gone, whoever ended it. Never rejects. */
  readonly gone: Promise<ProcessExit>;
  readonly #process: ChildProcess;
  readonly #output: OutputTail;
  #endedBy: EndCause | null = null;
  #isGone = false;

  constructor({ runtime, entry, folder, environment, log }: GpuChildOptions) {
    this.#process = fork(entry, [], {
      execPath: runtime,
      execArgv: [],
      cwd: folder,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // JSON, since the two ends may be different versions of Node.
      serialization: 'json',
      detached: process.platform !== 'win32',
      windowsHide: true,
    } as Parameters<typeof fork>[2]);
    const prefix = `[gpu ${this.#process.pid ?? '-'}]`;
    this.#output = new OutputTail((line) => log(`${prefix} ${line}`));
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8');
      stream?.on('data', (chunk: string) => this.#output.write(chunk));
    }
    this.gone = this.#watchEnd().then((exit) => {
      this.#isGone = true;
      this.#output.end();
      this.connection.dispose();
      return exit;
    });
    this.connection = createMessageConnection(
      new IPCMessageReader(this.#process),
      new IPCMessageWriter(this.#process),
    );
    // A channel that breaks shows as the end of the process, which everybody awaits.
    this.connection.onError(([error]) => log(`${prefix} channel: ${error.message}`));
    this.connection.listen();
  }

  get pid(): number | null {
    return this.#process.pid ?? null;
  }

  get alive(): boolean {
    return !this.#isGone && this.#endedBy === null;
  }

  /** Why it was ended, where this side ended it. */
  get endedBy(): EndCause | null {
    return this.#endedBy;
  }

  /** Its last lines of output. */
  get output(): string {
    return this.#output.text;
  }

  /** Ends it now; does not wait. */
  kill(cause: EndCause): void {
    if (this.#isGone) return;
    this.#endedBy ??= cause;
    killTree(this.#process);
  }

  /** Ends it and waits until it is gone; gives up on a process that a driver holds in the kernel. */
  async end(cause: EndCause): Promise<void> {
    this.kill(cause);
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, dyingMs);
    });
    await Promise.race([this.gone, patience]);
    clearTimeout(timer);
  }

  #watchEnd(): Promise<ProcessExit> {
    return new Promise((resolve) => {
      this.#process.once('error', (error) => {
        this.#output.write(`${error.message}\n`);
        // Without a process there will be no exit.
        if (this.#process.pid === undefined) resolve({ code: null, signal: null });
      });
      this.#process.once('exit', (code, signal) => {
        // Its last words may still be in the pipe; a grandchild may hold the pipe open for ever.
        const timer = setTimeout(() => resolve({ code, signal }), flushMs);
        this.#process.once('close', () => {
          clearTimeout(timer);
          resolve({ code, signal });
        });
      });
    });
  }
}
