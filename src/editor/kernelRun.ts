import type { TextDocument } from 'vscode';
import { writeKernelInputs } from '../host/kernelInputs.ts';
import type { GpuHost } from '../host/protocol.ts';
import { createRunFolder, removeRunFolder } from '../host/runFolder.ts';
import { prepareKernel } from '../plans/userKernel/prepare.ts';
import { KernelProblem } from '../plans/userKernel/problem.ts';
import { countKernel } from '../profiler/countKernel.ts';
import type { ProfileProgress } from '../profiler/job.ts';
import type { KernelCount } from '../profiler/kernelCount.ts';
import { parseKernelManifest } from '../profiler/kernelManifest.ts';
import type { Settings } from './contributions.ts';

export interface KernelRun extends Pick<Settings, 'adapter' | 'repeats' | 'timeBudgetSeconds'> {
  name: string;
  kernel: TextDocument;
  manifest: TextDocument;
  host: GpuHost;
}

/** Counts and times the kernel as it stands in the editor, saved or not. Throws as `countKernel`. */
export async function runKernel(
  { name, kernel, manifest, host, adapter, repeats, timeBudgetSeconds }: KernelRun,
  signal: AbortSignal,
  onProgress: (progress: ProfileProgress) => void,
): Promise<KernelCount> {
  const prepared = await prepareKernel(name, kernel.getText(), parseKernelManifest(manifest.getText()));
  const { files } = prepared;
  const request = {
    ...{ prepared, name, adapter },
    repeats: prepared.repeats ?? repeats,
    timeBudgetSeconds: timeBudgetSeconds || null,
  };
  if (files.length === 0) return countKernel({ ...request, files: null }, host, { signal, onProgress });
  if (manifest.uri.scheme !== 'file') {
    throw new KernelProblem(
      'manifest',
      `${files[0]!.file} cannot be read here: .npy files need a folder on this machine.`,
    );
  }
  const folder = createRunFolder();
  try {
    writeKernelInputs(files, manifest.uri.fsPath.replace(/[^/\\]+$/, ''), folder);
    const inputs = files.map(({ buffer }) => buffer);
    return await countKernel({ ...request, files: { folder, inputs } }, host, { signal, onProgress });
  } finally {
    removeRunFolder(folder);
  }
}
