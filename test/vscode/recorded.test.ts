import * as assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { RecordingSummary } from '../../src/editor/recorded/recordCommand.ts';
import { extension, openSample, positionOf } from './support/extension.ts';

const record = (argument: unknown) =>
  Promise.resolve(vscode.commands.executeCommand<RecordingSummary>('attention.recordShapes', argument));

async function hoverAt(document: vscode.TextDocument, line: number): Promise<string> {
  const position = new vscode.Position(line, 8);
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
    'vscode.executeHoverProvider',
    document.uri,
    position,
  );
  return hovers
    .flatMap(({ contents }) => contents.map((each) => (typeof each === 'string' ? each : each.value)))
    .filter((text) => text.includes('that ran here'))
    .join('\n');
}

function hasPython(): boolean {
  try {
    const version = execFileSync('python3', ['-c', 'import sys; print(sys.version_info >= (3, 8))'], {
      encoding: 'utf8',
    });
    return version.trim() === 'True';
  } catch {
    return false;
  }
}

describe('recorded shapes', () => {
  const header = {
    ...{ format: 'attnprof-recording', version: 1, state: 'ended', program: 'attention.py', seconds: 1 },
    ...{ frameworks: { torch: '2.13.0' }, dropped: 0, unread: 0, compiled: 0 },
  };
  const tensor = (...shape: number[]) => ({ shape, dtype: 'float16', device: 'cuda:0' });

  /** Puts a recording of a line of a file where the extension keeps its own. */
  async function keep(file: string, line: number): Promise<void> {
    const { recorded } = await extension().activate();
    const out = await recorded.begin();
    const [query, key] = [tensor(8, 16, 4096, 64), tensor(8, 4, 4096, 64)];
    const call = { file, line: line + 1, api: 'torch.scaled_dot_product_attention' };
    const calls = [
      {
        ...call,
        count: 5,
        tensors: { query, key, value: key },
        flags: { is_causal: true, enable_gqa: true },
      },
      { ...call, count: 40, tensors: { query, key: query, value: query }, flags: {} },
      { ...call, count: 2, tensors: { query }, flags: {} },
    ];
    writeFileSync(out, `${[header, ...calls].map((each) => JSON.stringify(each)).join('\n')}\n`);
    await recorded.refresh(out, { finished: true });
  }

  it('show in the hover of the line that made them, with a link for each shape', async () => {
    const { document } = await openSample('attention.py');
    const { line } = positionOf(document, 'out = F.scaled');
    await keep(document.uri.fsPath, line);
    const text = await hoverAt(document, line);
    assert.match(text, /47 calls of F\\?\.scaled\\?_dot\\?_product\\?_attention, recorded just now/);
    assert.match(text, /\| 40 \| 8,16,4096,64 \| float16, cuda:0 \|/);
    assert.match(text, /\| 5 \| b=8 h=16 kv=4 n=4096 d=64, causal top\\-left \| float16, cuda:0 \|/);
    assert.match(text, /2 calls not understood/);
    const queries = [...text.matchAll(/\]\(command:attention\.profile\?([^ )]+)/g)].map(
      ([, query]) => query as string,
    );
    assert.deepEqual(
      queries.map((query) => JSON.parse(decodeURIComponent(query))[0]),
      [
        { shape: '8,16,4096,64', dtype: 'f16' },
        { shape: 'b=8 h=16 kv=4 n=4096 d=64', dtype: 'f16', causal: 'top-left' },
      ],
    );
    const { recorded } = await extension().activate();
    assert.equal(recorded.at(document.uri, line).length, 3);
    assert.deepEqual(recorded.at(document.uri, line + 1), []);
    assert.equal(await hoverAt(document, line + 1), '');
  });

  it('follow a line that moved, and leave one that was changed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'attnprof-recorded-'));
    const file = join(folder, 'moved.py');
    writeFileSync(file, 'import x\nout = attend(q, k, v)\nend = 1\n');
    await keep(file, 1);
    const document = await vscode.workspace.openTextDocument(file);
    const editor = await vscode.window.showTextDocument(document);
    assert.match(await hoverAt(document, 1), /that ran here/);
    await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), '# one\n# two\n'));
    assert.match(await hoverAt(document, 3), /that ran here/);
    assert.equal(await hoverAt(document, 1), '');
    await editor.edit((edit) => edit.insert(new vscode.Position(3, 0), 'if attending: '));
    assert.equal(await hoverAt(document, 3), '');
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    rmSync(folder, { recursive: true });
  });

  it('say in one line what is wrong with an argument', async () => {
    await assert.rejects(record({ program: 'x.py' }), /takes \{ "file"/);
    await assert.rejects(record({ configuration: 'Nowhere' }), /no launch configuration .* named Nowhere/);
  });

  const why = hasPython() ? '' : ' (skipped: no Python 3.8 or newer)';
  (why ? it.skip : it)(`come from a program that runs with the chosen Python${why}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'attnprof-recorded-'));
    const file = join(folder, 'program.py');
    const standIns = join(extension().extensionPath, 'test', 'unit', 'python', 'site-packages');
    const lines = [
      `import sys; sys.path.insert(0, ${JSON.stringify(standIns)}); sys.dont_write_bytecode = True`,
      'from tensors import Tensor',
      'from flash_attn import flash_attn_func',
      'q = Tensor(2, 64, 8, 32)',
      'for _ in range(6): flash_attn_func(q, q, q, causal=True)',
      'sys.exit(len(sys.argv))',
    ];
    writeFileSync(file, lines.join('\n'));
    assert.deepEqual(await record({ file, args: ['one', 'two words'] }), {
      calls: 6,
      lines: 1,
      shapes: 1,
      exitCode: 3,
    });
    const document = await vscode.workspace.openTextDocument(file);
    assert.match(await hoverAt(document, 4), /6 calls of flash\\_attn\\_func/);
    assert.deepEqual(await record({ file: join(folder, 'nowhere.py') }), {
      calls: 0,
      lines: 0,
      shapes: 0,
      exitCode: 2,
    });
    // A run without calls does not take the last one away.
    assert.match(await hoverAt(document, 4), /6 calls of flash\\_attn\\_func/);
    rmSync(folder, { recursive: true });
  });
});
