import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { openSample, positionOf } from './support/extension.ts';
import { gpuProcesses } from './support/gpuProcesses.ts';

async function hoversAt(document: vscode.TextDocument, position: vscode.Position) {
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
    'vscode.executeHoverProvider',
    document.uri,
    position,
  );
  return hovers.flatMap(({ contents, range }) =>
    contents
      .map((content) => (typeof content === 'string' ? content : content.value))
      .filter((value) => value.startsWith('**Attention**'))
      .map((value) => ({ value, range })),
  );
}

/** The arguments of the one command link in a hover. */
function linkOf(markdown: string): { command: string; argument: unknown } {
  const links = [...markdown.matchAll(/\]\(command:([\w.]+)\?([^ )]+)/g)];
  assert.equal(links.length, 1, 'one link');
  const [, command, query] = links[0] as unknown as [string, string, string];
  return { command, argument: JSON.parse(decodeURIComponent(query))[0] };
}

describe('hover', () => {
  const cases: [file: string, text: string, occurrence: number, words: string, shape: string][] = [
    ['attention.py', 'torch.randn(8', 1, 'batch 8 · heads 16 · sequence 4,096 · head dim 64', '8,16,4096,64'],
    ['attention.py', '(8, 16, 4096, 64)', 1, 'batch 8 · heads 16', '8,16,4096,64'],
    ['attention.py', 'b=1 h=8 kv=2', 1, 'heads 8 (2 kv)', 'b=1 h=8 kv=2 n=333 m=517 d=80'],
    ['grouped_query.py', 'B, H, N, D =', 1, 'heads 32', '1,32,1024,128'],
    ['grouped_query.py', 'b=2, h=8', 1, 'sequence 77 × 1,500 keys', 'b=2 h=8 n=77 m=1500 d=64'],
    ['vision.py', '197,  # one', 1, 'sequence 197', '8,12,197,64'],
    ['long_context.py', '64 * 1024, 64', 1, 'sequence 65,536', '1,64,65536,64'],
    ['notes.md', '8x16x4096x64', 1, 'batch 8', '8,16,4096,64'],
  ];
  for (const [file, text, occurrence, words, shape] of cases) {
    it(`${file}: ${text}`, async () => {
      const { document } = await openSample(file);
      const [hover, ...others] = await hoversAt(document, positionOf(document, text, occurrence));
      assert.ok(hover, 'there is a hover');
      assert.deepEqual(others, []);
      assert.ok(hover.value.includes(words), hover.value);
      assert.match(hover.value, /\| HBM bytes moved \| [\d.]+ .?B \| [\d.]+ .?B \| [\d.]+ .?B \|/);
      assert.match(hover.value, /Tiling assumed: .*br=\d+ bc=\d+/);
      assert.deepEqual(linkOf(hover.value), { command: 'attention.profile', argument: { shape } });
    });
  }

  it('is silent on images, names, ordinary text and outside of a shape', async () => {
    const { document } = await openSample('vision.py');
    for (const text of ['torch.randn(8, 3, 224', '(8, 768, 14, 14)', 'import torch', 'kernel_size']) {
      assert.deepEqual(await hoversAt(document, positionOf(document, text)), [], text);
    }
  });

  it('works in an untitled document of no language, and starts no GPU process', async () => {
    const document = await vscode.workspace.openTextDocument({ content: 'see 8x16x4096x64' });
    assert.equal((await hoversAt(document, new vscode.Position(0, 8))).length, 1);
    assert.deepEqual(gpuProcesses(), []);
  });

  it('answers at once in a document of one very long line', async () => {
    const content = `${'x = (1, 2), '.repeat(200_000)}torch.randn(8, 16, 4096, 64)`;
    const document = await vscode.workspace.openTextDocument({ content });
    const started = performance.now();
    const hovers = await hoversAt(document, new vscode.Position(0, content.length - 8));
    assert.equal(hovers.length, 1);
    assert.equal(hovers[0]?.range?.start.character, content.length - 'torch.randn(8, 16, 4096, 64)'.length);
    assert.ok(performance.now() - started < 3000);
  });
});
