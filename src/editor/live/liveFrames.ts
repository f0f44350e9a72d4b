import {
  type DebugSession,
  DebugStackFrame,
  type Disposable,
  debug,
  type Event,
  EventEmitter,
  Uri,
  workspace,
} from 'vscode';
import type { Log } from '../log.ts';
import { type LiveTensors, parseTensors, tensorsExpression } from './tensorsExpression.ts';

/** How long a debugger may take to answer; measured with debugpy it takes 45 ms. */
const timeLimitMs = 1000;
/** After so many questions in a row without an answer a session is not asked again. */
const mostFailures = 3;

/** A frame of a paused session, and the line where it stopped, from 0. */
export interface LiveFrame {
  session: DebugSession;
  frameId: number;
  line: number;
}

interface SessionState {
  running: boolean;
  /** The result of `evaluate` is whole in this context; where the adapter does not know it, in no other is it surer. */
  context: 'clipboard' | 'watch';
  frames: Map<number, { path: string; line: number }>;
  tensors: Map<number, Promise<LiveTensors | null>>;
  failures: number;
}

/**
 * Asks paused debug sessions for the tensors of a frame: one `evaluate` for each frame and stop, never while the
 * program runs, never in a workspace that is not trusted.
 */
export class LiveFrames implements Disposable {
  private readonly changes = new EventEmitter<void>();
  private readonly sessions = new Map<string, SessionState>();
  private readonly subscriptions: Disposable[];
  private readonly isOn: () => boolean;
  private readonly log: Log;

  /** Fires when a session stops, goes on or ends, and when another frame is chosen. */
  readonly onDidChange: Event<void> = this.changes.event;

  constructor(isOn: () => boolean, log: Log) {
    this.isOn = isOn;
    this.log = log;
    this.subscriptions = [
      debug.registerDebugAdapterTrackerFactory('*', {
        createDebugAdapterTracker: (session) => ({
          onWillReceiveMessage: (message) => this.received(session, message),
          onDidSendMessage: (message) => this.sent(session, message),
        }),
      }),
      debug.onDidTerminateDebugSession((session) => {
        this.sessions.delete(session.id);
        this.changes.fire();
      }),
      debug.onDidChangeActiveStackItem(() => this.changes.fire()),
    ];
  }

  /** The frame in focus, where it is paused in this document. */
  frameIn(document: Uri): LiveFrame | null {
    const item = debug.activeStackItem;
    if (!(item instanceof DebugStackFrame)) return null;
    const state = this.sessions.get(item.session.id);
    const frame = state?.frames.get(item.frameId);
    if (!state || state.running || !frame || !isFile(document, frame.path)) return null;
    return { session: item.session, frameId: item.frameId, line: frame.line };
  }

  /** Tensors by name; null where the debugger gives none, in time or at all. */
  async tensorsOf(session: DebugSession, frameId: number): Promise<LiveTensors | null> {
    if (!workspace.isTrusted || !this.isOn()) return null;
    const state = this.stateOf(session);
    if (state.running || state.failures >= mostFailures) return null;
    const known = state.tensors.get(frameId);
    if (known) return known;
    const asked = this.ask(session, frameId, state);
    state.tensors.set(frameId, asked);
    return asked;
  }

  dispose(): void {
    for (const each of this.subscriptions) each.dispose();
    this.changes.dispose();
    this.sessions.clear();
  }

  private async ask(
    session: DebugSession,
    frameId: number,
    state: SessionState,
  ): Promise<LiveTensors | null> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${timeLimitMs} ms`)), timeLimitMs);
    });
    try {
      const request = session.customRequest('evaluate', {
        expression: tensorsExpression,
        frameId,
        context: state.context,
      });
      const answer: unknown = await Promise.race([request, late]);
      const tensors = parseTensors((answer as { result?: unknown } | undefined)?.result);
      state.failures = tensors ? 0 : state.failures + 1;
      return tensors;
    } catch (error) {
      state.failures++;
      this.log.info(
        `live shapes: ${session.name}: ${error instanceof Error ? error.message : String(error)}`,
      );
      return null;
    } finally {
      clearTimeout(timer);
    }
  }

  private stateOf({ id }: DebugSession): SessionState {
    const known = this.sessions.get(id);
    if (known) return known;
    const state: SessionState = {
      running: false,
      context: 'watch',
      frames: new Map(),
      tensors: new Map(),
      failures: 0,
    };
    this.sessions.set(id, state);
    return state;
  }

  /** What the editor asks of the adapter: requests that let the program go on. */
  private received(session: DebugSession, message: unknown): void {
    const { type, command } = message as { type?: string; command?: string };
    const goesOn = ['continue', 'next', 'stepIn', 'stepOut', 'stepBack', 'reverseContinue', 'goto'];
    if (type === 'request' && goesOn.includes(command ?? '')) this.moved(session, true);
  }

  private sent(session: DebugSession, message: unknown): void {
    const { type, event, command, body } = message as {
      type?: string;
      event?: string;
      command?: string;
      body?: { supportsClipboardContext?: unknown; stackFrames?: unknown };
    };
    if (type === 'event' && event === 'stopped') this.moved(session, false);
    if (type === 'event' && event === 'continued') this.moved(session, true);
    if (type !== 'response') return;
    if (command === 'initialize' && body?.supportsClipboardContext === true) {
      this.stateOf(session).context = 'clipboard';
    }
    if (command === 'stackTrace' && Array.isArray(body?.stackFrames)) {
      const { frames } = this.stateOf(session);
      for (const frame of body.stackFrames as {
        id?: unknown;
        line?: unknown;
        source?: { path?: unknown };
      }[]) {
        const { id, line } = frame;
        const path = frame.source?.path;
        if (typeof id === 'number' && typeof line === 'number' && typeof path === 'string') {
          frames.set(id, { path, line: line - 1 });
        }
      }
    }
  }

  private moved(session: DebugSession, running: boolean): void {
    const state = this.stateOf(session);
    state.running = running;
    state.frames.clear();
    state.tensors.clear();
    this.changes.fire();
  }
}

/** Adapters give paths, and URIs for what is no file. */
function isFile(document: Uri, path: string): boolean {
  if (/^[a-z][\w+.-]+:\/\//i.test(path)) return Uri.parse(path).toString() === document.toString();
  return Uri.file(path).fsPath === document.fsPath;
}
