import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { callSitesViewId, commands } from '../../src/editor/contributions.ts';
import { extension } from './support/extension.ts';

describe('commands', () => {
  it('are registered exactly as declared', async () => {
    await extension().activate();
    // VS Code adds commands of its own for what an extension contributes, such as a view to focus.
    const registered = (await vscode.commands.getCommands(true)).filter(
      (id) => id.startsWith('attention.') && !id.startsWith(`${callSitesViewId}.`),
    );
    assert.deepEqual(registered.sort(), Object.keys(commands).sort());
  });

  it('attention.profile says in one line what is wrong with its argument', async () => {
    const run = (argument?: unknown) => vscode.commands.executeCommand('attention.profile', argument);
    await assert.rejects(Promise.resolve(run()), /takes one object/);
    await assert.rejects(Promise.resolve(run({ shape: '1,8,x,64' })), /not a whole number/);
    await assert.rejects(
      Promise.resolve(run({ shape: '1,8,512,64', algorithms: ['none'] })),
      /standard.*flash2/,
    );
    await assert.rejects(Promise.resolve(run({ shape: '1,8,512,64', surprise: 1 })), /surprise/);
  });
});
