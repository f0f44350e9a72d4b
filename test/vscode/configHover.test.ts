import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { openSample, positionOf } from './support/extension.ts';
import { gpuProcesses } from './support/gpuProcesses.ts';

async function hoversAt(document: vscode.TextDocument, position: vscode.Position): Promise<string[]> {
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
    'vscode.executeHoverProvider',
    document.uri,
    position,
  );
  return hovers
    .flatMap(({ contents }) =>
      contents.map((content) => (typeof content === 'string' ? content : content.value)),
    )
    .filter((value) => value.startsWith('**Attention**'));
}

/** The arguments of the command links in a hover. */
function linksOf(markdown: string): Record<string, unknown>[] {
  return [...markdown.matchAll(/\]\(command:attention\.profile\?([^ )]+)/g)].map(
    ([, query]) => JSON.parse(decodeURIComponent(query!))[0],
  );
}

async function jsonDocument(content: string): Promise<vscode.TextDocument> {
  return vscode.workspace.openTextDocument({ language: 'json', content });
}

describe('hover on a model configuration', () => {
  const cases: [file: string, key: string, words: RegExp][] = [
    ['grouped-query/config.json', '"num_attention_heads"', /32 × full\\_attention: heads 32 · K\/V heads 8/],
    ['grouped-query/config.json', '8192,', /longest 8,192/],
    ['windows/config.json', '"text_config"', /K\/V heads 4 \*\(default of Gemma3TextConfig\)\*/],
    ['windows/config.json', '"image_size"', /\*\*All 27 layers\*\* \| &emsp;4,096 tokens/],
    ['latent/config.json', '"kv_lora_rank"', /latent 512 \+ 64 rotary/],
    ['encoder-decoder/config.json', '"decoder_layers"', /decoder · layers 4/],
    ['gguf/metadata.json', '"llama.attention.head_count"', /heads 32 · K\/V heads 8/],
  ];
  for (const [file, key, words] of cases) {
    it(`${file}: ${key}`, async () => {
      const { document } = await openSample(`configs/${file}`);
      const at = positionOf(document, key).translate(0, 1);
      const [hover, ...others] = await hoversAt(document, at);
      assert.ok(hover, 'there is a hover');
      assert.deepEqual(others, []);
      assert.match(hover, words);
      assert.match(hover, /HBM bytes \(bound\)/);
      assert.match(hover, /Tiling assumed: .*br=\d+ bc=\d+/);
    });
  }

  it('its links profile one layer, with its mask, its type and its sizes', async () => {
    const { document } = await openSample('configs/grouped-query/config.json');
    const [hover = ''] = await hoversAt(document, positionOf(document, '"num_key_value_heads"'));
    const size = 'b=1 h=32 kv=8';
    assert.deepEqual(linksOf(hover), [
      { shape: `${size} n=2048 d=128`, dtype: 'bf16', causal: 'bottom-right' },
      {
        shape: `${size} n=1 m=2048 d=128`,
        dtype: 'bf16',
        causal: false,
        algorithms: ['standard', 'flash2', 'flash-decoding'],
      },
    ]);
  });

  it('the setting chooses the lengths', async () => {
    const settings = vscode.workspace.getConfiguration('attentionProfiler');
    const { document } = await openSample('configs/grouped-query/config.json');
    await settings.update('modelSeqLens', [777, 333], vscode.ConfigurationTarget.Global);
    try {
      const [hover = ''] = await hoversAt(document, positionOf(document, '"num_key_value_heads"'));
      assert.match(hover, /\| \*\*All 32 layers\*\* \| &emsp;333 tokens \| &emsp;777 tokens \|/);
    } finally {
      await settings.update('modelSeqLens', undefined, vscode.ConfigurationTarget.Global);
    }
  });

  it('follows what is typed', async () => {
    const document = await jsonDocument(
      '{"hidden_size": 64, "num_attention_heads": 2, "num_hidden_layers": 3}',
    );
    assert.match((await hoversAt(document, positionOf(document, '"num_att')))[0] ?? '', /heads 2 /);
    const edit = new vscode.WorkspaceEdit();
    const at = positionOf(document, '2, "num_hidden');
    edit.replace(document.uri, new vscode.Range(at, at.translate(0, 1)), '4');
    await vscode.workspace.applyEdit(edit);
    assert.match((await hoversAt(document, positionOf(document, '"num_att')))[0] ?? '', /heads 4 /);
  });

  it('is silent on other keys, other files and unfinished ones', async () => {
    const { document } = await openSample('configs/grouped-query/config.json');
    assert.deepEqual(await hoversAt(document, positionOf(document, '"vocab_size"')), []);
    for (const content of [
      '{"name": "a-package", "dim": 3}',
      '{"num_attention_heads": 8, "hidden_size": 64',
      '[1, 2, 3]',
      `{"num_attention_heads": 8, "hidden_size": 64, "pad": "${'x'.repeat(2 ** 20)}"}`,
    ]) {
      const other = await jsonDocument(content);
      assert.deepEqual(await hoversAt(other, new vscode.Position(0, 3)), [], content.slice(0, 60));
    }
    assert.deepEqual(gpuProcesses(), []);
  });
});
