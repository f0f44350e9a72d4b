import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { KernelCountJson } from '../../src/profiler/kernelCountJson.ts';
import { eventually, extension, openSample } from './support/extension.ts';

function profile(uri?: vscode.Uri): Thenable<KernelCountJson | null> {
  return vscode.commands.executeCommand('attention.profileKernel', uri);
}

const annotationsOf = (uri: vscode.Uri) => extension().exports.kernelAnnotations(uri);

/** Replaces the first occurrence of a text, unsaved. */
async function edit(editor: vscode.TextEditor, find: string, replacement: string): Promise<void> {
  const { document } = editor;
  const start = document.positionAt(document.getText().indexOf(find));
  const range = new vscode.Range(start, start.translate(0, find.length));
  assert.ok(await editor.edit((builder) => builder.replace(range, replacement)));
}

async function undo(document: vscode.TextDocument): Promise<void> {
  await vscode.window.showTextDocument(document);
  await vscode.commands.executeCommand('workbench.action.files.revert');
}

describe('attention.profileKernel', () => {
  before(async () => {
    await extension().activate();
    const settings = vscode.workspace.getConfiguration('attentionProfiler');
    await settings.update('adapter', 'embedded', vscode.ConfigurationTarget.Global);
  });

  after(async () => {
    const settings = vscode.workspace.getConfiguration('attentionProfiler');
    await settings.update('adapter', undefined, vscode.ConfigurationTarget.Global);
  });

  it('counts the kernel of the active editor and annotates its lines', async () => {
    const { document } = await openSample('kernels/matmul.wgsl');
    const count = await profile();
    assert.equal(count?.status, 'ok');
    assert.equal(count.traffic?.buffers.a?.loads, 100 * 70 * 6);
    const annotations = annotationsOf(document.uri);
    const textOf = (code: string) =>
      annotations.find(({ line }) => document.lineAt(line).text.includes(code))?.text;
    assert.match(textOf('fromA = a[') ?? '', /^42\.0 k loads · 168 kB \(44\.2%\)$/);
    assert.match(textOf('] = sum;') ?? '', /^9\.00 k stores · 36\.0 kB \(9\.46%\)$/);
    assert.match(textOf('@compute') ?? '', /measured · 380 kB counted · software adapter$/);
    assert.equal(annotations.length, 4);
    assert.match(annotations.at(-1)?.hover ?? '', /store `c`.*9,000.*4 B.*36\.0 kB/);
  });

  it('an edit of the kernel takes its numbers away, and so does the command', async () => {
    const editor = await openSample('kernels/matmul.wgsl');
    const { uri } = editor.document;
    assert.ok(annotationsOf(uri).length > 0);
    await edit(editor, 'var sum', 'var  sum');
    await eventually('the numbers to go', () => (annotationsOf(uri).length === 0 ? true : null));
    await undo(editor.document);
    await profile(uri);
    assert.ok(annotationsOf(uri).length > 0);
    await vscode.commands.executeCommand('attention.clearKernelCounts');
    assert.deepEqual(annotationsOf(uri), []);
  });

  it('a kernel that does not compile is marked where it is wrong; the next edit takes the mark away', async () => {
    const editor = await openSample('kernels/reduction.wgsl');
    const { document } = editor;
    await edit(editor, 'sum += input[at];', 'sum += nothing[at];');
    assert.equal(await profile(document.uri), null);
    const [diagnostic, ...others] = vscode.languages.getDiagnostics(document.uri);
    assert.deepEqual(others, []);
    assert.match(diagnostic?.message ?? '', /nothing/);
    assert.equal(document.getText(diagnostic?.range), 'nothing');
    assert.deepEqual(annotationsOf(document.uri), []);
    await undo(document);
    assert.deepEqual(vscode.languages.getDiagnostics(document.uri), []);
  });

  it('a manifest that contradicts the kernel is marked', async () => {
    const editor = await openSample('kernels/reduction.wgslprof.json');
    await edit(editor, '"workgroupSize"', '"workgroups"');
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    const kernel = vscode.Uri.joinPath(folder!.uri, 'kernels/reduction.wgsl');
    assert.equal(await profile(kernel), null);
    const marks = vscode.languages.getDiagnostics(editor.document.uri).map(({ message }) => message);
    assert.ok(
      marks.some((message) => /"workgroups", but the kernel's overrides are: workgroupSize/.test(message)),
    );
    await undo(editor.document);
    assert.equal((await profile(kernel))?.status, 'ok');
  });

  it('without a manifest nothing runs', async () => {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    const lonely = vscode.Uri.joinPath(folder!.uri, 'kernels/lonely.wgsl');
    await vscode.workspace.fs.writeFile(lonely, Buffer.from('@compute @workgroup_size(1) fn main() {}'));
    try {
      assert.equal(await profile(lonely), null);
      assert.deepEqual(annotationsOf(lonely), []);
    } finally {
      await vscode.workspace.fs.delete(lonely);
    }
  });

  it('is for .wgsl files', async () => {
    await openSample('attention.py');
    assert.equal(await profile(), null);
  });
});
