import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pythonParser } from '../../../../scripts/lib/pythonParser.ts';
import { PythonDocument } from '../../../../src/shapes/python/document.ts';
import type { AttentionSite, KnownProblem, SiteField } from '../../../../src/shapes/site.ts';

interface Expected {
  line: number;
  api: string;
  problem: Partial<KnownProblem>;
  symbols?: Partial<Record<SiteField, string>>;
  basis?: AttentionSite['basis'];
}

/** Fields of which an answer may say no more than the expected one does. */
const claims = [
  'batch',
  'heads',
  'kvHeads',
  'seqLenQ',
  'seqLenKv',
  'headDim',
  'headDimV',
  'dtype',
  'causal',
] as const;

const folder = join(import.meta.dirname, '../../../workspace/shapes');
const files = globSync('*.py', { cwd: folder }).sort();
const parser = await pythonParser();

describe('the sample files', () => {
  it('are at least 25', () => expect(files.length).toBeGreaterThanOrEqual(25));

  it.each(files)('%s gives what its expected answer says, and claims nothing else', (file) => {
    const document = new PythonDocument(parser, readFileSync(join(folder, file), 'utf8'));
    const sites = document.sites();
    const answer = join(folder, `${basename(file, '.py')}.expected.json`);
    const expected = JSON.parse(readFileSync(answer, 'utf8')) as Expected[];
    expect(sites.map(({ line, api }) => ({ line, api }))).toEqual(
      expected.map(({ line, api }) => ({ line, api })),
    );
    for (const [index, want] of expected.entries()) {
      const site = sites[index]!;
      const claimed = Object.fromEntries(claims.map((field) => [field, site.problem[field]]));
      const wanted = Object.fromEntries(claims.map((field) => [field, want.problem[field] ?? null]));
      expect(claimed).toEqual(wanted);
      expect(site.problem).toMatchObject(want.problem);
      if (want.symbols) expect(site.symbols).toMatchObject(want.symbols);
      if (want.basis) expect(site.basis).toMatchObject(want.basis);
      for (const field of Object.keys(site.problem) as SiteField[]) {
        // Every value names what it rests on.
        if (site.problem[field] !== null) expect(site.basis[field], field).toBeDefined();
      }
      for (const { line, text } of site.evidence) {
        expect(line).toBeGreaterThan(0);
        expect(text).not.toBe('');
      }
    }
    document.dispose();
  });
});
