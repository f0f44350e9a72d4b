import {
  CancellationError,
  type Disposable,
  ProgressLocation,
  type TextDocument,
  Uri,
  window,
  workspace,
} from 'vscode';
import type { DeviceDescription } from '../attention/limits.ts';
import type { KernelCount } from '../profiler/kernelCount.ts';
import type { KernelCountJson } from '../profiler/kernelCountJson.ts';
import { annotationsOf, type KernelAnnotation } from './kernelAnnotations.ts';
import { KernelDecorations } from './kernelDecorations.ts';
import { findManifest, offerManifest } from './kernelFiles.ts';
import { KernelMarks } from './kernelMarks.ts';
import type { LazyHost } from './lazyHost.ts';
import type { Log } from './log.ts';
import { showFailure } from './messages.ts';
import { readSettings } from './settings.ts';

export interface KernelProfilerOptions {
  host: LazyHost;
  log: Log;
  /** Told whether any kernel shows counts. */
  onChange: (any: boolean) => void;
  /** Told which device a kernel ran on. */
  onDevice: (device: DeviceDescription) => void;
}

/** *Profile This WGSL Kernel*: runs the kernel of a file with its manifest, and writes counts behind its lines. */
export class KernelProfiler implements Disposable {
  private readonly host: LazyHost;
  private readonly log: Log;
  private readonly onChange: (any: boolean) => void;
  private readonly onDevice: (device: DeviceDescription) => void;
  /** Made by the first profile, as most sessions have none. */
  private decorations: KernelDecorations | null = null;
  private marks: KernelMarks | null = null;
  private readonly running = new Set<AbortController>();

  constructor({ host, log, onChange, onDevice }: KernelProfilerOptions) {
    this.host = host;
    this.log = log;
    this.onChange = onChange;
    this.onDevice = onDevice;
  }

  /** What stands behind the lines of a kernel now. */
  annotationsOf(kernel: Uri): readonly KernelAnnotation[] {
    return this.decorations?.of(kernel) ?? [];
  }

  /** Takes the counts of every kernel away. */
  clear(): void {
    this.decorations?.clear();
  }

  /**
   * Takes the file's URI, or means that of the active editor. Resolves with the count as JSON; with null where it
   * was cancelled, where there is no manifest yet (one is offered), and where it failed, which is on the screen.
   */
  async profile(argument: unknown, { again = false } = {}): Promise<KernelCountJson | null> {
    try {
      const count = await this.profileFile(argument, again);
      if (!count) return null;
      const { kernelCountJson } = await import('../profiler/kernelCountJson.ts');
      return kernelCountJson(count);
    } catch (error) {
      if (error instanceof CancellationError) return null;
      const message = error instanceof Error ? error.message : String(error);
      this.log.error(message);
      showFailure(message, () => void this.profile(argument, { again: true }));
      return null;
    }
  }

  dispose(): void {
    for (const abort of this.running) abort.abort();
    this.marks?.dispose();
    this.decorations?.dispose();
  }

  private async profileFile(argument: unknown, again: boolean): Promise<KernelCount | null> {
    if (!workspace.isTrusted) {
      throw new Error('In Restricted Mode no kernel of the workspace is run. Trust the workspace first.');
    }
    const uri = argument instanceof Uri ? argument : window.activeTextEditor?.document.uri;
    if (!uri || !/\.wgsl$/i.test(uri.path)) throw new Error('Open a .wgsl file first.');
    const kernel = await workspace.openTextDocument(uri);
    if (!window.visibleTextEditors.some(({ document }) => document === kernel)) {
      await window.showTextDocument(kernel, { preview: false });
    }
    const manifest = await findManifest(kernel);
    if (!manifest) {
      await offerManifest(kernel, () => void this.profile(uri));
      return null;
    }
    // What was read is what the numbers are about, however it changes while the kernel runs.
    const versions = [kernel.version, manifest.version];
    this.marks ??= new KernelMarks();
    this.decorations ??= new KernelDecorations(this.onChange);
    this.marks.clear(kernel, manifest);
    const count = await this.run(kernel, manifest, again);
    this.onDevice(count.device);
    if (versions[0] === kernel.version && versions[1] === manifest.version) {
      this.decorations.show(kernel, manifest.uri, annotationsOf(count));
    }
    if (count.status === 'failed') throw new Error(`${count.name}: ${count.reason}`);
    return count;
  }

  private async run(kernel: TextDocument, manifest: TextDocument, again: boolean): Promise<KernelCount> {
    const { runKernel } = await import('./kernelRun.ts');
    const { KernelProblem } = await import('../plans/userKernel/problem.ts');
    const abort = new AbortController();
    this.running.add(abort);
    const name = kernel.uri.path.split('/').at(-1)!;
    const options = {
      location: ProgressLocation.Notification,
      title: `Profiling ${name}`,
      cancellable: true,
    };
    try {
      return await window.withProgress(options, async (notification, token) => {
        const listener = token.onCancellationRequested(() => abort.abort());
        let reported = 0;
        try {
          const host = await this.host.get();
          if (again) host.clearQuarantine();
          return await runKernel(
            { name, kernel, manifest, host, ...readSettings() },
            abort.signal,
            ({ message, fraction }) => {
              notification.report({ message, increment: Math.max(0, fraction - reported) * 100 });
              reported = Math.max(reported, fraction);
            },
          );
        } finally {
          listener.dispose();
        }
      });
    } catch (error) {
      if (abort.signal.aborted) throw new CancellationError();
      if (error instanceof KernelProblem) throw new Error(this.marks!.mark(error, kernel, manifest));
      throw error;
    } finally {
      this.running.delete(abort);
    }
  }
}
