import { dirname, join } from 'node:path';
import {
  type CancellationToken,
  type DebugSession,
  type Disposable,
  debug,
  ProgressLocation,
  type Uri,
  commands as vscodeCommands,
  window,
  workspace,
} from 'vscode';
import { distinctShapes } from '../../shapes/recorded/liveShape.ts';
import type { RecordedRun } from '../../shapes/recorded/recordedRun.ts';
import { plural } from '../live/liveShapeText.ts';
import type { Log } from '../log.ts';
import { runCommand } from '../messages.ts';
import { readSettings } from '../settings.ts';
import { findInterpreter } from './interpreter.ts';
import { withProbe } from './launchConfiguration.ts';
import { ProgramTerminal } from './programTerminal.ts';
import { parseTarget } from './recordArgument.ts';
import type { RecordedShapes } from './recordedShapes.ts';
import { askTarget, type RecordingTarget } from './recordingTarget.ts';

const pollMs = 1000;

/** What a recording came to, for those who start one without a dialog. */
export interface RecordingSummary {
  /** Attention calls in all, those that are not described included. */
  calls: number;
  /** Lines of code that made them. */
  lines: number;
  /** Distinct problems among them. */
  shapes: number;
  /** Null where a signal, a debugger or the user ended the run. */
  exitCode: number | null;
}

/** Runs a program of the user's with the probe and keeps what it records. One run at a time. */
export class RecordCommand implements Disposable {
  private readonly shapes: RecordedShapes;
  private readonly log: Log;
  private readonly probe: string;
  private running: string | null = null;
  private stopRun: (() => void) | null = null;

  constructor(shapes: RecordedShapes, extensionUri: Uri, log: Log) {
    this.shapes = shapes;
    this.log = log;
    this.probe = join(extensionUri.fsPath, 'dist', 'python', 'probe.py');
  }

  /**
   * Takes `{ file, args }` or `{ configuration }`, or asks. Returns the summary, or null where the user left. A
   * refusal or failure is shown; it rejects for whoever gave an argument, since the palette would show it again.
   */
  async record(argument?: unknown): Promise<RecordingSummary | null> {
    try {
      const refused = this.refusal();
      if (refused) throw new Error(refused);
      const target = argument === undefined ? await askTarget() : parseTarget(argument);
      return target && (await this.run(target));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.log.error(`recording: ${message}`);
      showRefusal(message);
      if (argument === undefined) return null;
      throw error;
    }
  }

  dispose(): void {
    this.stopRun?.();
  }

  private refusal(): string | null {
    if (!workspace.isTrusted) {
      return 'recording runs your program, and in Restricted Mode nothing of the workspace runs. Trust the workspace first.';
    }
    return this.running === null
      ? null
      : `the run of ${this.running} is still being recorded. Cancel it first.`;
  }

  private async run(target: RecordingTarget): Promise<RecordingSummary> {
    const title =
      target.kind === 'script' ? workspace.asRelativePath(target.file) : target.configuration.name;
    this.running = title;
    try {
      const out = await this.shapes.begin();
      const options = {
        location: ProgressLocation.Notification,
        title: `Recording attention shapes of ${title}`,
        cancellable: true,
      };
      const exitCode = await window.withProgress(options, async (progress, token) => {
        const poll = setInterval(async () => {
          const run = await this.shapes.refresh(out).catch(() => null);
          if (run) progress.report({ message: describeRun(run) });
        }, pollMs);
        try {
          return await (target.kind === 'script'
            ? this.runScript(target, out, token)
            : this.runLaunch(target, out, token));
        } finally {
          clearInterval(poll);
        }
      });
      const run = await this.shapes.refresh(out, { finished: true });
      this.log.info(`recording of ${title}: ${describeRun(run)}, exit code ${exitCode ?? 'none'}`);
      this.tell(title, run, exitCode);
      return {
        calls: run.total,
        lines: linesOf(run),
        shapes: distinctShapes(run.calls).length,
        exitCode,
      };
    } finally {
      this.running = null;
      this.stopRun = null;
    }
  }

  private async runScript(
    { file, args }: Extract<RecordingTarget, { kind: 'script' }>,
    out: string,
    token: CancellationToken,
  ): Promise<number | null> {
    const document = workspace.textDocuments.find(({ uri }) => uri.toString() === file.toString());
    if (document?.isDirty && !(await document.save())) throw new Error(`${file.fsPath} could not be saved`);
    const interpreter = await findInterpreter(readSettings().pythonPath, file);
    this.log.info(`recording ${file.fsPath} with ${interpreter.path} (${interpreter.version})`);
    const folder = workspace.getWorkspaceFolder(file)?.uri.fsPath ?? dirname(file.fsPath);
    const program = {
      path: interpreter.path,
      args: [this.probe, '--out', out, '--', file.fsPath, ...args],
      cwd: folder,
    };
    const pty = new ProgramTerminal(program);
    this.stopRun = () => pty.stop();
    const cancelled = token.onCancellationRequested(() => pty.stop());
    const terminal = window.createTerminal({ name: `Attention: ${workspace.asRelativePath(file)}`, pty });
    terminal.show(true);
    try {
      return await pty.ended;
    } finally {
      cancelled.dispose();
    }
  }

  private async runLaunch(
    { folder, configuration }: Extract<RecordingTarget, { kind: 'launch' }>,
    out: string,
    token: CancellationToken,
  ): Promise<null> {
    const probed = withProbe(configuration, { probe: this.probe, out });
    if (!probed.ok) throw new Error(probed.error);
    const { configuration: own, disposables } = {
      configuration: probed.value,
      disposables: [] as Disposable[],
    };
    const isOurs = (session: DebugSession) =>
      JSON.stringify(session.configuration.args ?? '').includes(jsonInside(out));
    try {
      const ended = new Promise<void>((resolve) => {
        disposables.push(
          debug.onDidTerminateDebugSession((session) => {
            if (isOurs(session) && session.parentSession === undefined) resolve();
          }),
          debug.onDidStartDebugSession((session) => {
            if (!isOurs(session)) return;
            this.stopRun = () => void debug.stopDebugging(session);
            disposables.push(token.onCancellationRequested(() => debug.stopDebugging(session)));
            if (token.isCancellationRequested) void debug.stopDebugging(session);
          }),
        );
      });
      const started = await debug.startDebugging(folder, own as never, { noDebug: true });
      if (!started) throw new Error(`the launch configuration ${configuration.name} did not start`);
      await ended;
      return null;
    } finally {
      for (const each of disposables) each.dispose();
    }
  }

  private tell(title: string, run: RecordedRun, exitCode: number | null): void {
    const failed = exitCode !== null && exitCode !== 0 ? ` It ended with exit code ${exitCode}.` : '';
    const compiled = run.recordings.some((each) => each.compiled > 0)
      ? ' It uses torch.compile: calls inside compiled code are not seen; with TORCH_COMPILE_DISABLE=1 they are.'
      : '';
    const profile = 'Profile What Ran';
    const text = `Attention Profiler: ${title}: ${describeRun(run)}.${failed}${compiled}`;
    if (run.calls.length === 0) {
      void window.showWarningMessage(text);
      return;
    }
    window.showInformationMessage(text, profile).then((chosen) => {
      if (chosen === profile) void runCommand('attention.profileRecorded').then(undefined, () => undefined);
    });
  }
}

/** `1,240 attention calls at 3 lines, 5 shapes` */
export function describeRun(run: RecordedRun): string {
  if (run.total === 0) return 'no attention calls';
  const shapes = distinctShapes(run.calls).length;
  return `${plural(run.total, 'attention call')} at ${plural(linesOf(run), 'line')}, ${plural(shapes, 'shape')}`;
}

function linesOf(run: RecordedRun): number {
  return new Set(run.calls.map(({ file, line }) => `${file}:${line}`)).size;
}

/** A text as it stands inside of JSON. */
function jsonInside(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function showRefusal(message: string): void {
  const manage = 'Manage Workspace Trust';
  const actions = workspace.isTrusted ? [] : [manage];
  window.showErrorMessage(`Attention Profiler: ${message}`, ...actions).then((chosen) => {
    if (chosen === manage) void vscodeCommands.executeCommand('workbench.trust.manage');
  });
}
