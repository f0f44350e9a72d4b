import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';

describe('the extension host', () => {
  it('runs a VS Code that the manifest accepts, without Electron', () => {
    assert.match(vscode.version, /^1\.\d+\.\d+/);
    assert.equal(process.versions.electron, undefined);
  });

  it('has the sample workspace open and reads it', async () => {
    const [file] = await vscode.workspace.findFiles('attention.py');
    assert.ok(file);
    const document = await vscode.workspace.openTextDocument(file);
    assert.match(document.getText(), /torch\.randn\(8, 16, 4096, 64\)/);
  });
});
