// Scores the analysis of Python call sites against labels: node scripts/shapesScore.ts LABELS.json FOLDER [--all]
// FOLDER holds the files as OWNER/REPOSITORY/PATH, checked out at the commits that the labels name. Fetches nothing.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PythonDocument } from '../src/shapes/python/document.ts';
import { Source } from '../src/shapes/python/source.ts';
import type { AttentionSite } from '../src/shapes/site.ts';
import { pythonParser } from './lib/pythonParser.ts';

interface Label {
  id: string;
  repository: string;
  path: string;
  line: number;
  language: string;
  api?: string;
  difficulty: 'easy' | 'medium' | 'hard';
  expected: Record<string, number | string | boolean | null>;
  symbolicForm?: Record<string, string>;
}

const fields = ['batch', 'heads', 'kvHeads', 'seqLenQ', 'seqLenKv', 'headDim', 'causal', 'dtype'] as const;
const dtypeNames: Record<string, string> = { f32: 'float32', f16: 'float16', bf16: 'bfloat16' };

const [labelsFile, folder, ...flags] = process.argv.slice(2);
if (!labelsFile || !folder) {
  console.error('usage: node scripts/shapesScore.ts LABELS.json FOLDER [--all]');
  process.exit(2);
}
const { sites: labels } = JSON.parse(readFileSync(labelsFile, 'utf8')) as { sites: Label[] };
const parser = await pythonParser();
const documents = new Map<string, PythonDocument>();

function documentOf(file: string): PythonDocument {
  const known = documents.get(file);
  if (known) return known;
  const made = new PythonDocument(parser, readFileSync(file, 'utf8'), {
    resolve: (path) => {
      const target = relativeFile(file, path);
      if (!target) return null;
      const text = readFileSync(target, 'utf8');
      const tree = parser.parse(text);
      if (!tree) return null;
      const source = new Source(target);
      source.update(text, tree);
      return source;
    },
  });
  documents.set(file, made);
  return made;
}

function relativeFile(file: string, path: string): string | null {
  const dots = /^\.*/.exec(path)![0].length;
  if (dots === 0) {
    // An absolute import of the project itself: some folder above holds its first part.
    for (let at = dirname(file); at.length > folder!.length; at = dirname(at)) {
      const target = join(at, `${path.replaceAll('.', '/')}.py`);
      if (existsSync(target)) return target;
    }
    return null;
  }
  let at = dirname(file);
  for (let up = 1; up < dots; up++) at = dirname(at);
  const target = join(at, `${path.slice(dots).replaceAll('.', '/')}.py`);
  return existsSync(target) ? target : null;
}

const plain = (text: string) =>
  text
    .replace(/\s+/g, '')
    .replace(/\b(self|config|args|cfg)\./g, '')
    .replace(/[()]/g, '');

function given(
  site: AttentionSite,
  field: (typeof fields)[number],
): { value: unknown; symbol: string | null } {
  const value = site.problem[field];
  const symbol = site.symbols[field] ?? null;
  if (field === 'causal') return { value: typeof value === 'string' ? true : value, symbol };
  if (field === 'dtype') return { value: typeof value === 'string' ? dtypeNames[value] : null, symbol };
  return { value, symbol };
}

const score: Record<
  string,
  { known: number; found: number; numbers: number; numbersFound: number; sites: number; seen: number }
> = {};
let claimed = 0;
let right = 0;
const wrong: string[] = [];
const unsettled: string[] = [];
for (const label of labels) {
  if (label.language !== 'python') continue;
  const file = join(folder, label.repository, label.path);
  if (!existsSync(file)) {
    console.log(`${label.id} not checked out: ${label.repository}/${label.path}`);
    continue;
  }
  const row = score[label.difficulty] ?? {
    known: 0,
    found: 0,
    numbers: 0,
    numbersFound: 0,
    sites: 0,
    seen: 0,
  };
  score[label.difficulty] = row;
  const site =
    documentOf(file)
      .sites()
      .find(({ line, endLine }) => line <= label.line && label.line <= endLine) ?? null;
  row.sites++;
  if (site) row.seen++;
  const misses: string[] = [];
  for (const field of fields) {
    const expected = label.expected[field];
    const own = site ? given(site, field) : { value: null, symbol: null };
    const isKnown = expected !== null && expected !== undefined;
    const isNumber =
      isKnown &&
      (typeof expected !== 'string' || field === 'dtype') &&
      !(field === 'dtype' && !/^(float|bfloat)/.test(String(expected)));
    const byValue = isNumber && own.value === expected;
    const accepted = [String(expected), label.symbolicForm?.[field] ?? ''].map(plain);
    const bySymbol = isKnown && !isNumber && own.symbol !== null && accepted.includes(plain(own.symbol));
    if (isKnown) {
      row.known++;
      if (byValue || bySymbol) row.found++;
      else misses.push(`${field} ${expected} (got ${own.value ?? own.symbol ?? 'nothing'})`);
    }
    if (isNumber) {
      row.numbers++;
      if (byValue) row.numbersFound++;
    }
    if (own.value !== null && own.value !== undefined) {
      claimed++;
      if (own.value === expected) right++;
      else if (isKnown && !isNumber) {
        // The label has a name for it; a number that the code also gives neither agrees nor disagrees.
        unsettled.push(
          `${label.id} ${field}: says ${own.value} (${site?.basis[field]}), label calls it ${expected}`,
        );
      } else wrong.push(`${label.id} ${field}: says ${own.value} (${site?.basis[field]}), label ${expected}`);
    }
  }
  if (misses.length > 0 || flags.includes('--all')) {
    console.log(
      `${label.id} ${label.difficulty} ${label.repository}/${label.path}:${label.line} ${label.api ?? ''} ${site ? site.api : 'NOT FOUND'}: ${misses.join('; ')}`,
    );
  }
}
console.log('');
for (const [difficulty, row] of Object.entries(score)) {
  const percent = (a: number, b: number) => `${a}/${b} = ${((100 * a) / Math.max(1, b)).toFixed(1)}%`;
  console.log(
    `${difficulty}: sites ${row.seen}/${row.sites}, known ${percent(row.found, row.known)}, numbers and flags ${percent(row.numbersFound, row.numbers)}`,
  );
}
console.log(
  `values given as known that equal the label's: ${right}/${claimed} = ${((100 * right) / Math.max(1, claimed)).toFixed(1)}%`,
);
const settled = claimed - unsettled.length;
console.log(
  `of those that a label settles: ${right}/${settled} = ${((100 * right) / Math.max(1, settled)).toFixed(1)}%`,
);
for (const line of unsettled) console.log(`  not settled: ${line}`);
for (const line of wrong) console.log(`  wrong: ${line}`);
