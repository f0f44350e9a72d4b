import * as assert from 'node:assert/strict';
import * as v from 'valibot';
import * as vscode from 'vscode';
import { documentSchema, type ProfileDocument } from '../../src/profiler/document/schema.ts';
import { eventually, extension, openSample } from './support/extension.ts';
import { gpuProcesses } from './support/gpuProcesses.ts';

const small = { shape: '1,2,64,32', adapter: 'embedded', repeats: 2 };
/** Long enough on a software adapter to be interrupted. */
const long = { shape: '1,8,2048,64', adapter: 'embedded', algorithms: ['standard'], repeats: 1000 };

function profile(argument: unknown): Promise<ProfileDocument> {
  return Promise.resolve(vscode.commands.executeCommand<ProfileDocument>('attention.profile', argument));
}

function aGpuProcess(): number | null {
  return gpuProcesses()[0] ?? null;
}

describe('attention.profile', () => {
  it('returns a valid document: both algorithms run, counted equals exact', async () => {
    const document = await profile(small);
    assert.ok(v.safeParse(documentSchema, document).success);
    assert.deepEqual(
      document.runs.map(({ algorithm, status }) => [algorithm, status]),
      [
        ['standard', 'ok'],
        ['flash2', 'ok'],
      ],
    );
    for (const { traffic, errors, algorithm } of document.runs) {
      assert.deepEqual(traffic.counted?.buffers, traffic.exact?.buffers, algorithm);
      assert.ok((errors.o?.relativeL2 ?? 1) < 1e-5, algorithm);
    }
    assert.equal(document.devices[0]?.type, 'software');
  });

  it('opens the panel without taking the keyboard from the editor', async () => {
    const editor = await openSample('attention.py');
    await profile(small);
    const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
    const panels = tabs.filter(({ input }) => input instanceof vscode.TabInputWebview);
    assert.equal(panels.length, 1);
    assert.equal(vscode.window.activeTextEditor?.document.uri.path, editor.document.uri.path);
  });

  it('the hover knows the adapter that ran last', async () => {
    const { document } = await openSample('attention.py');
    const [hover] = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      document.uri,
      new vscode.Position(6, 8),
    );
    const [content] = hover?.contents ?? [];
    assert.match((content as vscode.MarkdownString).value, /Profile on .*swiftshader.*software/i);
  });

  it('a second one waits for its turn; the first can be cancelled, and the second then runs', async () => {
    const first = assert.rejects(profile(long), /cancel/i);
    await eventually('the first to run', () => extension().exports.running);
    const second = profile(small);
    await vscode.commands.executeCommand('attention.cancelProfile');
    await first;
    assert.equal(
      (await second).runs.every(({ status }) => status === 'ok'),
      true,
    );
  });

  it('a GPU process that is killed in the middle is an error, and the next profile works', async () => {
    const running = profile({ ...long, algorithms: ['standard'] });
    await eventually('the profile to run', () => extension().exports.running);
    const pid = await eventually('the GPU process', aGpuProcess);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    process.kill(pid, 'SIGKILL');
    const [run] = (await running).runs;
    assert.equal(run?.status, 'failed');
    assert.match(run?.reason ?? '', /SIGKILL|killed|ended/i);
    const document = await profile(small);
    assert.equal(
      document.runs.every(({ status }) => status === 'ok'),
      true,
    );
    assert.notEqual(aGpuProcess(), pid);
  });

  it('an adapter that is not there is an error that says what there is to do', async () => {
    await assert.rejects(profile({ ...small, adapter: 'no such adapter' }), /no such adapter/);
  });
});
