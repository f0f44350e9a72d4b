import { CancellationError, type ExtensionContext, type TextEditor, window } from 'vscode';
import type { ProfileDocument } from '../profiler/document/schema.ts';
import type { ProfileJob } from '../profiler/job.ts';
import { askShape } from './askShape.ts';
import { shapeOfEditor } from './cursorShape.ts';
import type { JobArgument } from './jobArgument.ts';
import { failuresOf, runCommand, showFailure } from './messages.ts';
import type { PanelHost } from './panel.ts';
import type { ProfileRunner, RunOptions } from './profileRunner.ts';
import { readSettings } from './settings.ts';

export interface ProfileCommandsOptions {
  context: ExtensionContext;
  runner: ProfileRunner;
  panel: PanelHost;
  /** The job of the attention call at the cursor of a paused program, the best of all evidence. */
  live: (editor: TextEditor) => Promise<JobArgument | null>;
  /** The job of the call site at the cursor, read from the code; `left` where the user did not answer a question. */
  site: (editor: TextEditor) => Promise<JobArgument | 'left' | null>;
}

/** The commands that lead to a profile. All of them end in `profile`, the one without a dialog. */
export class ProfileCommands {
  private readonly context: ExtensionContext;
  private readonly runner: ProfileRunner;
  private readonly panel: PanelHost;
  private readonly live: ProfileCommandsOptions['live'];
  private readonly site: ProfileCommandsOptions['site'];

  constructor({ context, runner, panel, live, site }: ProfileCommandsOptions) {
    this.context = context;
    this.runner = runner;
    this.panel = panel;
    this.live = live;
    this.site = site;
  }

  /** Takes a `JobArgument`; returns the document. Waits its turn where another profile runs. */
  async profile(argument: unknown): Promise<ProfileDocument> {
    const { parseJob } = await import('./jobArgument.ts');
    const job = parseJob(argument, readSettings());
    if (!job.ok) {
      showFailure(job.error, null);
      throw new Error(job.error);
    }
    return this.run(job.value);
  }

  async profileAtCursor(): Promise<void> {
    const editor = window.activeTextEditor;
    if (!editor) {
      const enter = 'Enter a Shape';
      const text = 'Open a file and put the cursor on an attention shape, such as (8, 16, 4096, 64), first.';
      if ((await window.showInformationMessage(text, enter)) === enter) await this.profileShape();
      return;
    }
    const live = await this.live(editor);
    if (live) return this.profileArgument(live);
    const site = await this.site(editor);
    if (site === 'left') return;
    if (site) return this.profileArgument(site);
    await this.profileText(await shapeOfEditor(editor, this.context.globalState));
  }

  async profileShape(): Promise<void> {
    const prompt = 'Batch, heads, sequence length and head dim.';
    await this.profileText(await askShape(this.context.globalState, null, prompt));
  }

  /** Runs what the panel shows once more. */
  async rerun(): Promise<void> {
    const job = this.runner.last ?? (await this.jobOnShow());
    if (!job) return this.profileShape();
    if (await this.mayStart()) await this.run(job, { again: true }).catch(alreadyShown);
  }

  private async jobOnShow(): Promise<ProfileJob | null> {
    const { document } = this.runner;
    if (!document) return null;
    const { jobOfDocument } = await import('./jobArgument.ts');
    return jobOfDocument(document, readSettings());
  }

  private async profileText(shape: string | null): Promise<void> {
    if (shape !== null) await this.profileArgument({ shape });
  }

  /** Starts a profile; where one runs, asks what becomes of it. */
  async profileArgument(argument: JobArgument): Promise<void> {
    if (!(await this.mayStart())) return;
    await runCommand('attention.profile', argument).then(undefined, alreadyShown);
  }

  /** Where a profile runs, asks what becomes of it. */
  private async mayStart(): Promise<boolean> {
    const { running } = this.runner;
    if (running === null) return true;
    const cancel = 'Cancel It';
    const wait = 'Start After It';
    const answer = await window.showInformationMessage(
      `A profile of ${running} is still running.`,
      cancel,
      wait,
    );
    if (answer === cancel) this.runner.cancel();
    return answer !== undefined;
  }

  private async run(job: ProfileJob, options: RunOptions = {}): Promise<ProfileDocument> {
    const retry = () => void this.run(job, { again: true }).catch(alreadyShown);
    await this.panel.show({ preserveFocus: true });
    try {
      const document = await this.runner.run(job, options);
      const failures = failuresOf(document);
      if (failures) showFailure(failures, retry);
      return document;
    } catch (error) {
      if (!(error instanceof CancellationError)) {
        showFailure(error instanceof Error ? error.message : String(error), retry);
      }
      throw error;
    }
  }
}

/** For those who start a profile and do not wait: a failure is on the screen already. */
function alreadyShown(): void {}
