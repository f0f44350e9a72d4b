import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pythonParser } from '../../../../scripts/lib/pythonParser.ts';
import { PythonDocument } from '../../../../src/shapes/python/document.ts';

const parser = await pythonParser();
const folder = join(import.meta.dirname, '../../../workspace/shapes');
const samples = globSync('*.py', { cwd: folder }).map((file) => readFileSync(join(folder, file), 'utf8'));

/** Far above what a machine under load needs, far below a hang. */
const longestMs = 5000;

function sitesOf(text: string) {
  const document = new PythonDocument(parser, text);
  const start = performance.now();
  const sites = document.sites();
  const took = performance.now() - start;
  document.dispose();
  expect(took).toBeLessThan(longestMs);
  return sites;
}

describe('whatever the text is', () => {
  it('survives random characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => void sitesOf(text)),
      { numRuns: 200 },
    );
  });

  it('survives half-typed code: samples cut, with pieces moved and characters changed', () => {
    const cuts = fc.record({
      sample: fc.constantFrom(...samples),
      from: fc.double({ min: 0, max: 1, noNaN: true }),
      length: fc.double({ min: 0, max: 1, noNaN: true }),
      put: fc.constantFrom(
        '',
        '(',
        ')',
        '[',
        ':',
        '\n',
        '    ',
        '"""',
        '"',
        'def f(',
        'lambda',
        '*',
        '=',
        '#',
        '\\',
      ),
    });
    fc.assert(
      fc.property(cuts, ({ sample, from, length, put }) => {
        const start = Math.floor(from * sample.length);
        const end = start + Math.floor(length * 60);
        sitesOf(sample.slice(0, start) + put + sample.slice(end));
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['deep brackets', `x = ${'('.repeat(5000)}1${')'.repeat(5000)}\n`],
    ['deep calls', `x = ${'f('.repeat(3000)}1${')'.repeat(3000)}\n`],
    ['deep blocks', Array.from({ length: 300 }, (_, i) => `${' '.repeat(i)}if x:\n`).join('')],
    ['a long sum', `x = ${Array.from({ length: 20_000 }, (_, i) => `a${i}`).join(' + ')}\n`],
    ['an enormous number', `import torch\nx = torch.randn(${'9'.repeat(100_000)}, 1, 2, 3)\n`],
    ['an enormous list', `x = [${'1, '.repeat(100_000)}]\nsoftmax(x)\n`],
    ['an enormous string', `x = "${'softmax '.repeat(200_000)}"\n`],
    ['cyclic assignment', 'a = b\nb = a\nfor i in x:\n    a = b + a\n    b = a + b\nsdpa(a, b, a)\n'],
    ['growing products', `x = n\n${'x = x * (x + y)\n'.repeat(200)}flash(x)\n`],
    ['growing lists', `x = [1]\n${'x = x + x\n'.repeat(100)}attention(x)\n`],
    [
      'recursion',
      'def attention(x):\n    return attention(x) + other(x)\ndef other(x):\n    return attention(x)\nattention(1)\n',
    ],
    [
      'classes in a ring',
      'class A(B):\n    def __init__(self): self.x = B()\nclass B(A):\n    def __init__(self): self.x = A()\n    def attn(self): return self.x.x.x\n',
    ],
    [
      'functions that call each other many ways',
      Array.from(
        { length: 40 },
        (_, i) =>
          `def attn${i}(x):\n${Array.from({ length: 10 }, (_, j) => `    attn${(i + j) % 40}(x)\n`).join('')}`,
      ).join(''),
    ],
    [
      'nested loops',
      `def attn(x):\n${Array.from({ length: 30 }, (_, i) => `${' '.repeat(i + 1)}for i${i} in x:\n`).join('')}${' '.repeat(32)}softmax(x)\n`,
    ],
    ['nul and lone surrogates', 'x = "\0\ud800"\nsoftmax(x)\n'],
  ])('ends in bounded time for %s', (_, text) => void sitesOf(text));
});
