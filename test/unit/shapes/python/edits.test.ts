import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pythonParser } from '../../../../scripts/lib/pythonParser.ts';
import { PythonDocument } from '../../../../src/shapes/python/document.ts';
import type { SyntaxEdit, SyntaxPoint } from '../../../../src/shapes/python/syntax.ts';

const parser = await pythonParser();
const folder = join(import.meta.dirname, '../../../workspace/shapes');
const samples = globSync('*.py', { cwd: folder }).map((file) => readFileSync(join(folder, file), 'utf8'));

function pointAt(text: string, offset: number): SyntaxPoint {
  const before = text.slice(0, offset);
  const row = before.split('\n').length - 1;
  return { row, column: offset - (before.lastIndexOf('\n') + 1) };
}

function editOf(before: string, start: number, end: number, put: string): { text: string; edit: SyntaxEdit } {
  const text = before.slice(0, start) + put + before.slice(end);
  const edit = {
    startIndex: start,
    oldEndIndex: end,
    newEndIndex: start + put.length,
    startPosition: pointAt(before, start),
    oldEndPosition: pointAt(before, end),
    newEndPosition: pointAt(text, start + put.length),
  };
  return { text, edit };
}

describe('a document that is edited', () => {
  it('says what a new document with the same text says', () => {
    const pieces = ['', '\n', '# note\n', 'x = 1\n', '    ', '8', ', ', '(', 'import torch\n', 'é𝄞'];
    const edits = fc.array(
      fc.record({ at: fc.nat(2000), length: fc.nat(20), put: fc.constantFrom(...pieces) }),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...samples), edits, (sample, changes) => {
        let text = sample;
        const document = new PythonDocument(parser, text);
        document.sites();
        for (const { at, length, put } of changes) {
          const start = Math.min(at, text.length);
          const change = editOf(text, start, Math.min(start + length, text.length), put);
          text = change.text;
          document.update(text, [change.edit]);
        }
        const fresh = new PythonDocument(parser, text);
        expect(document.sites()).toEqual(fresh.sites());
        document.dispose();
        fresh.dispose();
      }),
      { numRuns: 100 },
    );
  });

  it('moves sites with the lines above them', () => {
    const before = samples[0]!;
    const document = new PythonDocument(parser, before);
    const lines = document.sites().map(({ line }) => line);
    const { text, edit } = editOf(before, 0, 0, '\n\n# two more\n');
    document.update(text, [edit]);
    expect(document.sites().map(({ line }) => line)).toEqual(lines.map((line) => line + 3));
    document.dispose();
  });

  it('finds near a line what it finds in the whole file', () => {
    for (const sample of samples) {
      const whole = new PythonDocument(parser, sample);
      const near = new PythonDocument(parser, sample);
      for (const site of whole.sites()) expect(near.sitesNear(site.line)).toContainEqual(site);
      whole.dispose();
      near.dispose();
    }
  });
});
