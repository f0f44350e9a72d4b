import type { ExtensionContext, Uri } from 'vscode';
import type { KernelAnnotation } from './editor/kernelAnnotations.ts';
import type { RecordedShapes } from './editor/recorded/recordedShapes.ts';
import { wire } from './editor/wiring.ts';

/** What other extensions, and our own tests, see of this one. Profiles are asked for by command. */
export interface AttentionProfilerApi {
  /** Milliseconds that `activate` took. */
  readonly activationMs: number;
  /** The shape that is being profiled, or null. */
  readonly running: string | null;
  /** What stands behind the lines of a WGSL kernel now. */
  kernelAnnotations(kernel: Uri): readonly KernelAnnotation[];
  /** The attention calls of the last recorded run. */
  readonly recorded: RecordedShapes;
}

/** Registers commands, hover, status bar and panel. The GPU process starts with the first profile. */
export function activate(context: ExtensionContext): AttentionProfilerApi {
  const started = performance.now();
  const { runner, kernels, live } = wire(context);
  const activationMs = performance.now() - started;
  return {
    activationMs,
    get running() {
      return runner.running;
    },
    recorded: live.recorded,
    kernelAnnotations: (kernel) => kernels.annotationsOf(kernel),
  };
}

/** Everything is a subscription of the context, which ends the GPU process as well. */
export function deactivate(): void {}
