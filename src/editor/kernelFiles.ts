import { type TextDocument, type Uri, ViewColumn, window, workspace } from 'vscode';

function manifestUri(kernel: Uri, manifestPathOf: (path: string) => string): Uri {
  return kernel.with({ path: manifestPathOf(kernel.path) });
}

/** The manifest beside a kernel, as it stands in the editor where it is open; null where there is none. */
export async function findManifest(kernel: TextDocument): Promise<TextDocument | null> {
  if (kernel.isUntitled) throw new Error('Save the kernel first: its manifest lies beside it.');
  const { manifestPathOf } = await import('../profiler/kernelManifest.ts');
  const uri = manifestUri(kernel.uri, manifestPathOf);
  const exists = await workspace.fs.stat(uri).then(
    () => true,
    () => false,
  );
  return exists ? workspace.openTextDocument(uri) : null;
}

/**
 * Says that a kernel has no manifest and offers to write one that is derived from it. Does not wait for the
 * answer. Throws KernelProblem where the kernel cannot be read.
 */
export async function offerManifest(kernel: TextDocument, run: () => void): Promise<void> {
  const [{ manifestPathOf }, { exampleManifest }] = await Promise.all([
    import('../profiler/kernelManifest.ts'),
    import('../plans/userKernel/example.ts'),
  ]);
  const uri = manifestUri(kernel.uri, manifestPathOf);
  const name = uri.path.split('/').at(-1)!;
  const text = exampleManifest(kernel.getText());
  const create = `Create ${name}`;
  const question = `Attention Profiler: ${kernel.uri.path.split('/').at(-1)} needs a manifest with the sizes of its buffers and its dispatch.`;
  window.showInformationMessage(question, create).then(async (answer) => {
    if (answer !== create) return;
    await workspace.fs.writeFile(uri, new TextEncoder().encode(text));
    await window.showTextDocument(uri, { viewColumn: ViewColumn.Beside });
    const again = 'Profile';
    const next = `Set the sizes in ${name}, then profile ${kernel.uri.path.split('/').at(-1)}.`;
    if ((await window.showInformationMessage(next, again)) === again) run();
  });
}
