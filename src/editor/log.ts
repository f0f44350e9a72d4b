import { type Disposable, type LogOutputChannel, window } from 'vscode';
import { outputChannelName } from './contributions.ts';

/** What the floors below write to. */
export interface Log {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** The output channel, made when there is something to say. */
export class LazyLog implements Log, Disposable {
  private channel: LogOutputChannel | null = null;

  info(message: string): void {
    this.open().info(message);
  }

  warn(message: string): void {
    this.open().warn(message);
  }

  error(message: string): void {
    this.open().error(message);
  }

  show(): void {
    this.open().show(true);
  }

  dispose(): void {
    this.channel?.dispose();
    this.channel = null;
  }

  private open(): LogOutputChannel {
    this.channel ??= window.createOutputChannel(outputChannelName, { log: true });
    return this.channel;
  }
}
