import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { AttentionProfilerApi } from '../../../src/extension.ts';

export function extension(): vscode.Extension<AttentionProfilerApi> {
  const found = vscode.extensions.getExtension<AttentionProfilerApi>('attention-profiler.attention-profiler');
  assert.ok(found, 'the extension is not there');
  return found;
}

/** Opens a file of the sample workspace in an editor. */
export async function openSample(name: string): Promise<vscode.TextEditor> {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  assert.ok(folder, 'no folder is open');
  return vscode.window.showTextDocument(vscode.Uri.joinPath(folder.uri, name));
}

/** Where `text` starts in a document, for the `occurrence`th time. */
export function positionOf(document: vscode.TextDocument, text: string, occurrence = 1): vscode.Position {
  let offset = -1;
  for (let count = 0; count < occurrence; count++) offset = document.getText().indexOf(text, offset + 1);
  assert.ok(offset >= 0, `${text} is not in ${document.uri.path}`);
  return document.positionAt(offset);
}

/** Polls until `holds` gives a value; fails with `what` after `timeoutMs`. */
export async function eventually<T>(what: string, holds: () => T | null, timeoutMs = 20_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = holds();
    if (value !== null) return value;
    assert.ok(Date.now() < deadline, `waited ${timeoutMs / 1000} s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
