import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { CallSiteRow } from '../../src/editor/sites/siteTree.ts';
import { eventually, openSample, positionOf } from './support/extension.ts';
import { gpuProcesses } from './support/gpuProcesses.ts';

const decoder = 'F.scaled_dot_product_attention(q, k, v, is_causal';
const book = 'F.scaled_dot_product_attention(q, k, k, enable_gqa';

const hoverAt = async (document: vscode.TextDocument, position: vscode.Position): Promise<string> => {
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
    'vscode.executeHoverProvider',
    document.uri,
    position,
  );
  return hovers
    .flatMap(({ contents }) => contents.map((each) => (typeof each === 'string' ? each : each.value)))
    .filter((text) => /^\*\*Attention\*\* batch/.test(text))
    .join('\n');
};

const lensesOf = async (document: vscode.TextDocument): Promise<vscode.CodeLens[]> =>
  vscode.commands.executeCommand('vscode.executeCodeLensProvider', document.uri, 100);

async function hintsOf(document: vscode.TextDocument): Promise<string[]> {
  const whole = new vscode.Range(0, 0, document.lineCount, 0);
  const hints = await vscode.commands.executeCommand<vscode.InlayHint[]>(
    'vscode.executeInlayHintProvider',
    document.uri,
    whole,
  );
  return hints.map(({ position, label }) => {
    const text = typeof label === 'string' ? label : label.map(({ value }) => value).join('');
    return `${position.line + 1}:${position.character} ${text}`;
  });
}

async function withSetting(name: string, value: unknown, body: () => Promise<void>): Promise<void> {
  const settings = vscode.workspace.getConfiguration('attentionProfiler');
  await settings.update(name, value, vscode.ConfigurationTarget.Global);
  try {
    await body();
  } finally {
    await settings.update(name, undefined, vscode.ConfigurationTarget.Global);
  }
}

describe('attention call sites', () => {
  it('a hover shows names for sizes that the code leaves open, and no cost', async () => {
    const { document } = await openSample('call_sites.py');
    const text = await hoverAt(document, positionOf(document, decoder));
    assert.match(text, /batch rows · heads 8 \*\(default\)\* · sequence tokens · head dim 64/);
    assert.match(text, /causal top\\-left/);
    assert.match(text, /No cost yet: rows, tokens not known\./);
    assert.doesNotMatch(text, /HBM/);
    assert.match(text, /command:attention\.profileSite\?/);
    assert.match(text, /\[line 9\]\(file:[^)]*call_sites\.py#L9\)/);
  });

  it('a hover on a call whose sizes are known costs it, and its link profiles just that', async () => {
    const { document } = await openSample('call_sites.py');
    const text = await hoverAt(document, positionOf(document, book));
    assert.match(text, /heads 32 · K\/V heads 8 · sequence 262,144 · head dim 128/);
    assert.match(text, /\| HBM bytes moved \| [\d.]+ .?B \| [\d.]+ .?B \| [\d.]+ .?B \|/);
    assert.match(text, /Longest sequence in 85\.9 GB of [^:]* \(exact\): standard [\d,]+/);
    const [, query] = /command:attention\.profile\?([^ )]+)/.exec(text) ?? [];
    assert.deepEqual(JSON.parse(decodeURIComponent(query ?? ''))[0], {
      shape: 'b=1 h=32 kv=8 n=262144 d=128',
      dtype: 'f16',
    });
  });

  it('follows edits, each of them', async () => {
    const { document } = await openSample('call_sites.py');
    const copy = await vscode.workspace.openTextDocument({ language: 'python', content: document.getText() });
    for (const heads of [16, 4, 32]) {
      const at = positionOf(copy, 'heads: int = ').translate(0, 'heads: int = '.length);
      const end = copy.lineAt(at).text.indexOf(')');
      const edit = new vscode.WorkspaceEdit();
      edit.replace(copy.uri, new vscode.Range(at, at.with(undefined, end)), String(heads));
      edit.insert(copy.uri, new vscode.Position(0, 0), '# one more line\n\n');
      await vscode.workspace.applyEdit(edit);
      const text = await hoverAt(copy, positionOf(copy, decoder));
      assert.match(text, new RegExp(`heads ${heads} .* head dim ${512 / heads} `));
    }
  });

  it('is silent beside calls, and on half-typed code', async () => {
    const { document } = await openSample('call_sites.py');
    assert.equal(await hoverAt(document, positionOf(document, 'self.qkv(x)')), '');
    for (const content of ['F.scaled_dot_product_attention(q, ', 'def attention(((:\n  q @', '']) {
      const other = await vscode.workspace.openTextDocument({ language: 'python', content });
      await hoverAt(other, new vscode.Position(0, 5));
    }
    assert.deepEqual(gpuProcesses(), []);
  });

  it('a lens above each call says what it costs and profiles it; a setting turns it off', async () => {
    const { document } = await openSample('call_sites.py');
    const lenses = await lensesOf(document);
    const titles = lenses.map(({ command }) => command?.title);
    assert.match(titles[0] ?? '', /^Attention rows × 8 × tokens × 64, causal: rows, tokens not known$/);
    assert.match(
      titles[1] ?? '',
      /^Attention 1 × 32 \(8 K\/V\) × 262,144 × 128, f16: standard .*, flash2 .* HBM \(exact\)$/,
    );
    assert.equal(lenses.length, 2);
    assert.equal(lenses[1]?.command?.command, 'attention.profileSite');
    assert.equal(lenses[1]?.range.start.line, positionOf(document, book).line);
    await withSetting('callSiteLenses', false, async () => assert.deepEqual(await lensesOf(document), []));
  });

  it('shapes of q, k and v stand behind them once they are wanted', async () => {
    const { document } = await openSample('call_sites.py');
    assert.deepEqual(await hintsOf(document), []);
    await withSetting('shapeHints', true, async () => {
      const at = positionOf(document, book).translate(0, 'F.scaled_dot_product_attention(q'.length);
      const hints = await hintsOf(document);
      assert.equal(hints.length, 6);
      assert.ok(hints.includes(`${at.line + 1}:${at.character} 1 × 32 × 262144 × 128`), hints.join('\n'));
    });
  });

  it('warns, once it is wanted, where standard attention does not fit', async () => {
    const { document } = await openSample('call_sites.py');
    const warnings = () =>
      vscode.languages.getDiagnostics(document.uri).filter(({ source }) => source === 'Attention Profiler');
    assert.deepEqual(warnings(), []);
    await withSetting('memoryWarnings', true, async () => {
      const [warning] = await eventually('a warning', () => (warnings().length > 0 ? warnings() : null));
      assert.match(warning?.message ?? '', /^Standard attention would hold 8\.8\d TB here \(modelled\); /);
      assert.equal(warning?.range.start.line, positionOf(document, book).line);
      assert.equal(warnings().length, 1);
    });
    await eventually('no warning', () => (warnings().length === 0 ? true : null));
  });

  it('all call sites of the workspace are listed, the most expensive first', async () => {
    const rows = await vscode.commands.executeCommand<CallSiteRow[]>('attention.showCallSites');
    const name = ({ uri, line }: CallSiteRow) => `${uri.split('/').at(-1)}:${line}`;
    assert.equal(name(rows[0]!), 'call_sites.py:28');
    assert.match(rows[0]!.cost, /^standard [\d.]+ TB, flash2 /);
    const names = rows.map(name);
    for (const each of ['attention.py:11', 'gpt_block.py:30', 'flash_packed.py', 'call_sites.py:21']) {
      assert.ok(
        names.some((known) => known.startsWith(each)),
        `${each} in ${names.join(', ')}`,
      );
    }
    assert.ok(rows.some(({ cost }) => / not known$/.test(cost)));
    assert.deepEqual(gpuProcesses(), []);
  });

  it('cells of a notebook share their names', async () => {
    const cell = (text: string) => new vscode.NotebookCellData(vscode.NotebookCellKind.Code, text, 'python');
    const notebook = await vscode.workspace.openNotebookDocument(
      'jupyter-notebook',
      new vscode.NotebookData([
        cell('import torch\nimport torch.nn.functional as F\nheads = 6'),
        new vscode.NotebookCellData(vscode.NotebookCellKind.Markup, 'heads = 7', 'markdown'),
        cell('q = torch.randn(2, heads, 100, 32)'),
        cell('F.scaled_dot_product_attention(q, q, q)'),
      ]),
    );
    const { document } = notebook.cellAt(3);
    const text = await hoverAt(document, new vscode.Position(0, 5));
    assert.match(text, /batch 2 · heads 6 .*· sequence 100 · head dim 32/);
    assert.match(text, /cell 3 line 1/);
  });
});
