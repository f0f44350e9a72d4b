import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { catalogue } from '../src/attention/catalogue.ts';
import { noOptions, type Problem } from '../src/attention/problem.ts';
import { unsupported } from '../src/attention/support.ts';
import { projectRoot } from './lib/root.mjs';

const begin = '<!-- algorithms: written by scripts/catalogueText.ts from the catalogue -->';
const end = '<!-- end of algorithms -->';

const plain: Problem = {
  ...{ batch: 2, heads: 4, kvHeads: 4, seqLenQ: 64, seqLenKv: 64, headDim: 64, headDimV: 64 },
  ...noOptions,
  ...{ dtype: 'f32', seed: 0 },
};

/** Every option by itself; what an algorithm refuses of them is what the table says. */
const probes: readonly [name: string, problem: Problem][] = [
  ['causal', { ...plain, causal: 'bottom-right' }],
  ['window', { ...plain, window: { left: 8, right: 8 } }],
  ['lengths', { ...plain, lengths: [10, 64] }],
  ['packed', { ...plain, batch: 1, packed: [32, 32] }],
  ['bias', { ...plain, bias: { batch: 1, heads: 4 } }],
  ['ALiBi', { ...plain, alibi: true }],
  ['softcap', { ...plain, softcap: 10 }],
  ['sinks', { ...plain, sinks: true }],
  ['dropout', { ...plain, dropout: 0.1 }],
  ['grouped heads', { ...plain, kvHeads: 2 }],
  ['cross attention', { ...plain, seqLenKv: 96 }],
  ['f16', { ...plain, dtype: 'f16' }],
  ['bf16', { ...plain, dtype: 'bf16' }],
];

/** The README's table of algorithms. */
export function algorithmTable(): string {
  const rows = catalogue.map((row) => {
    const base = unsupported(row, plain, 'forward');
    const refused = base
      ? [`needs: ${base.replace(/^[\w-]+: /, '')}`]
      : probes.filter(([, problem]) => unsupported(row, problem, 'forward')).map(([name]) => name);
    const passes = row.backward ? 'forward, backward' : 'forward';
    return `| \`${row.id}\` | ${row.summary} | ${passes} | ${refused.join(', ') || '–'} | ${row.source} |`;
  });
  return [
    begin,
    '| id | what it does with memory | passes | without | source |',
    '|---|---|---|---|---|',
    ...rows,
    end,
  ].join('\n');
}

/** The README's text with the table as it should be. */
export function withTable(readme: string): string {
  const from = readme.indexOf(begin);
  const to = readme.indexOf(end);
  if (from < 0 || to < 0) throw new Error(`README.md has no place for the algorithms: ${begin} .. ${end}`);
  return readme.slice(0, from) + algorithmTable() + readme.slice(to + end.length);
}

/** The manifest's text with the algorithms that a user may choose. */
export function withChoices(manifest: string): string {
  const parsed = JSON.parse(manifest);
  const { items } = parsed.contributes.configuration.properties['attentionProfiler.algorithms'];
  items.enum = catalogue.map(({ id }) => id);
  items.enumDescriptions = catalogue.map(({ title, summary }) => `${title}: ${summary}`);
  return `${JSON.stringify(parsed, null, 2)}\n`;
}

if (import.meta.main) {
  const readme = join(projectRoot, 'README.md');
  const manifest = join(projectRoot, 'package.json');
  writeFileSync(readme, withTable(readFileSync(readme, 'utf8')));
  writeFileSync(manifest, withChoices(readFileSync(manifest, 'utf8')));
}
