import * as assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { extension } from './support/extension.ts';
import { gpuProcesses } from './support/gpuProcesses.ts';

const budgetMs = 30;

// Named so that it runs first: later tests have started what activation must not start.
describe('activation', () => {
  it(`costs under ${budgetMs} ms, loading included, and starts nothing`, async () => {
    const found = extension();
    const bundle = join(found.extensionPath, 'dist', 'extension.cjs');
    const load = createRequire(bundle);
    delete load.cache[bundle];
    const started = performance.now();
    // Loading has no effect but its cost: the module owns no state until it is activated.
    load(bundle);
    const loadMs = performance.now() - started;
    const { activationMs } = await found.activate();
    console.log(`      loading ${loadMs.toFixed(1)} ms, activate ${activationMs.toFixed(1)} ms`);
    assert.ok(loadMs + activationMs < budgetMs, `${(loadMs + activationMs).toFixed(1)} ms`);
    assert.deepEqual(gpuProcesses(), []);
  });

  it('comes with any document that has a language', async () => {
    const document = await vscode.workspace.openTextDocument({ language: 'python', content: 'x = 1' });
    await vscode.window.showTextDocument(document);
    assert.equal(extension().isActive, true);
    assert.deepEqual(gpuProcesses(), []);
  });
});
