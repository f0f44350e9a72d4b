import { type ChildProcess, spawn } from 'node:child_process';

export interface DapMessage {
  seq: number;
  type: 'request' | 'response' | 'event';
  command?: string;
  event?: string;
  request_seq?: number;
  success?: boolean;
  message?: string;
  // biome-ignore lint/suspicious/noExplicitAny: bodies differ by command, and the tests assert on them.
  body?: any;
}

/** A debug adapter on its standard input and output, spoken to as an editor does (Debug Adapter Protocol). */
export class DapClient {
  private readonly adapter: ChildProcess;
  private readonly answers = new Map<number, (message: DapMessage) => void>();
  private readonly events: DapMessage[] = [];
  private waiting: (() => void) | null = null;
  private buffer = Buffer.alloc(0);
  private seq = 0;

  constructor(command: string, args: string[], env: Record<string, string> = {}) {
    this.adapter = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, ...env },
    });
    this.adapter.stdout!.on('data', (chunk: Buffer) => {
      this.buffer = Buffer.concat([this.buffer, chunk]);
      this.read();
    });
  }

  /** Sends a request; resolves with the response, whether or not it was a success. */
  request(command: string, args: unknown = {}): Promise<DapMessage> {
    const seq = ++this.seq;
    const body = JSON.stringify({ seq, type: 'request', command, arguments: args });
    this.adapter.stdin!.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    return new Promise((resolve) => this.answers.set(seq, resolve));
  }

  /** The next event of a kind, or the one that came already and was not asked for yet. */
  async event(name: string): Promise<DapMessage> {
    for (;;) {
      const index = this.events.findIndex(({ event }) => event === name);
      if (index >= 0) return this.events.splice(index, 1)[0]!;
      await new Promise<void>((resolve) => {
        this.waiting = resolve;
      });
    }
  }

  async close(): Promise<void> {
    await Promise.race([
      this.request('disconnect', { terminateDebuggee: true }),
      new Promise((resolve) => setTimeout(resolve, 3000)),
    ]);
    this.adapter.kill();
  }

  private read(): void {
    for (;;) {
      const end = this.buffer.indexOf('\r\n\r\n');
      const length = Number(/Content-Length: (\d+)/i.exec(this.buffer.subarray(0, end).toString())?.[1]);
      if (end < 0 || this.buffer.length < end + 4 + length) return;
      const message: DapMessage = JSON.parse(this.buffer.subarray(end + 4, end + 4 + length).toString());
      this.buffer = this.buffer.subarray(end + 4 + length);
      if (message.type === 'response') this.answers.get(message.request_seq!)?.(message);
      if (message.type === 'event') {
        this.events.push(message);
        this.waiting?.();
      }
    }
  }
}
