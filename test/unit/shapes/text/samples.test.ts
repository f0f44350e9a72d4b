import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AttentionSite, KnownProblem } from '../../../../src/shapes/site.ts';
import { findTextSites } from '../../../../src/shapes/text/findTextSites.ts';

interface ExpectedSite {
  line: number;
  api: string;
  /** All seven sizes, `?` for those that the file does not say. */
  shape: string;
  options?: Partial<KnownProblem>;
  symbols?: AttentionSite['symbols'];
  /** Fields whose value is a default and not a fact. */
  defaults: string[];
  choices?: AttentionSite['choices'];
}

const files = globSync('test/workspace/shapes-text/*').filter((file) => !file.endsWith('.expected.json'));
const sizes = {
  b: 'batch',
  h: 'heads',
  kv: 'kvHeads',
  n: 'seqLenQ',
  m: 'seqLenKv',
  d: 'headDim',
  dv: 'headDimV',
} as const;

function shapeText({ problem }: AttentionSite): string {
  return Object.entries(sizes)
    .map(([letter, name]) => `${letter}=${problem[name] ?? '?'}`)
    .join(' ');
}

describe('sample files give the sites that stand beside them', () => {
  test('there are samples of every kind', () => {
    expect(files.length).toBeGreaterThanOrEqual(18);
  });

  test.each(files.map((file) => [basename(file), file]))('%s', (name, file) => {
    const { sites: expected } = JSON.parse(readFileSync(`${file}.expected.json`, 'utf8')) as {
      sites: ExpectedSite[];
    };
    const text = readFileSync(file, 'utf8');
    const found = findTextSites(text, name);
    expect(found.map((site) => ({ line: site.line, api: site.api, shape: shapeText(site) }))).toEqual(
      expected.map(({ line, api, shape }) => ({ line, api, shape })),
    );
    for (const [index, { options, symbols, defaults, choices }] of expected.entries()) {
      const site = found[index]!;
      for (const [option, value] of Object.entries(options ?? {})) {
        expect({ [option]: site.problem[option as keyof KnownProblem] }).toEqual({ [option]: value });
      }
      expect(site.symbols).toEqual(symbols ?? {});
      expect(site.choices).toEqual(choices ?? {});
      const asDefaults = Object.entries(site.basis).filter(([, basis]) => basis === 'default');
      expect(asDefaults.map(([field]) => field).sort()).toEqual([...defaults].sort());
    }
    for (const site of found) expectWellFormed(site, text);
    // The same text with the line ends of another system is read the same.
    const other = findTextSites(text.replaceAll('\n', '\r\n'), name);
    expect(other.map((site) => [site.line, site.column, shapeText(site)])).toEqual(
      found.map((site) => [site.line, site.column, shapeText(site)]),
    );
  });
});

/** What holds for every site: a basis for each value and only for values, lines that are in the text. */
function expectWellFormed(site: AttentionSite, text: string): void {
  const lines = text.split('\n');
  for (const [field, value] of Object.entries(site.problem)) {
    const basis = site.basis[field as keyof KnownProblem];
    expect([field, basis === undefined]).toEqual([field, value === null]);
    if (value !== null) expect(Object.keys(site.symbols)).not.toContain(field);
  }
  expect(site.evidence.length).toBeGreaterThan(0);
  for (const { line, text: said, kind } of site.evidence) {
    expect(line).toBeGreaterThanOrEqual(1);
    expect(line).toBeLessThanOrEqual(lines.length);
    if (kind !== 'layout') expect(lines[line - 1]).toContain(said);
  }
  expect(site.endLine > site.line || site.endColumn > site.column).toBe(true);
  expect(lines[site.endLine - 1]!.length).toBeGreaterThanOrEqual(site.endColumn);
}
