import { type ChildProcess, spawn } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import { type Event, EventEmitter, type Pseudoterminal } from 'vscode';

export interface Program {
  path: string;
  args: string[];
  cwd: string;
}

/** How long a program may take to end after Ctrl-C, and again after SIGTERM. */
const patienceMs = 5000;

/** A program in a terminal of the editor. It is no terminal to the program: no colours, no progress drawn in place. */
export class ProgramTerminal implements Pseudoterminal {
  private readonly writes = new EventEmitter<string>();
  private readonly closes = new EventEmitter<void>();
  private readonly program: Program;
  private child: ChildProcess | null = null;
  private line = '';
  private readonly ladder: ReturnType<typeof setTimeout>[] = [];
  private settle: (code: number | null) => void = () => undefined;

  readonly onDidWrite: Event<string> = this.writes.event;
  readonly onDidClose: Event<void> = this.closes.event;
  /** The exit code once the program has ended; null where a signal ended it or it could not start. */
  readonly ended: Promise<number | null>;

  constructor(program: Program) {
    this.program = program;
    this.ended = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  open(): void {
    const { path, args, cwd } = this.program;
    const child = spawn(path, args, { cwd, env: environment(), detached: process.platform !== 'win32' });
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      const decoder = new StringDecoder('utf8');
      stream.on('data', (chunk: Buffer) => this.print(decoder.write(chunk)));
    }
    // A program that does not read leaves a broken pipe behind.
    child.stdin.on('error', () => undefined);
    child.once('error', (error) => {
      this.print(`${error.message}\n`);
      this.finish(null);
    });
    child.once('close', (code, signal) => {
      this.print(
        `\n[${signal === null ? `exit code ${code}` : signal}; press a key to close this terminal]\n`,
      );
      this.finish(code);
    });
  }

  close(): void {
    this.stop();
    this.settle(null);
  }

  handleInput(data: string): void {
    if (this.child === null) {
      this.closes.fire();
      return;
    }
    for (const character of data) {
      if (character === '\x03') this.stop();
      else if (character === '\x04') this.child.stdin?.end();
      else if (character === '\x7f') this.line = this.line.slice(0, -1);
      else if (character !== '\r') this.line += character;
      this.writes.fire(character === '\x7f' ? '\b \b' : character === '\r' ? '\r\n' : character);
      if (character === '\r') {
        this.child.stdin?.write(`${this.line}\n`);
        this.line = '';
      }
    }
  }

  /** Ctrl-C to the program and its children, so that they can write what they have; sterner words if they stay. */
  stop(): void {
    if (this.child === null || this.ladder.length > 0) return;
    this.signal('SIGINT');
    this.ladder.push(setTimeout(() => this.signal('SIGTERM'), patienceMs));
    this.ladder.push(setTimeout(() => this.signal('SIGKILL'), 2 * patienceMs));
  }

  private signal(signal: NodeJS.Signals): void {
    const { child } = this;
    if (child?.pid === undefined) return;
    try {
      if (process.platform === 'win32') child.kill(signal);
      else process.kill(-child.pid, signal);
    } catch {
      // It has ended meanwhile.
    }
  }

  private print(text: string): void {
    this.writes.fire(text.replace(/\r?\n/g, '\r\n'));
  }

  private finish(code: number | null): void {
    for (const timer of this.ladder) clearTimeout(timer);
    this.child = null;
    this.settle(code);
  }
}

/** The environment without what belongs to the editor's own processes. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(VSCODE_|ELECTRON_)/.test(name));
  return { ...Object.fromEntries(own), PYTHONUNBUFFERED: '1' };
}
