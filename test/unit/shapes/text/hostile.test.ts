import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findTextSites } from '../../../../src/shapes/text/findTextSites.ts';

const languages = ['typescript', 'cuda-cpp', 'json', 'yaml', 'toml', 'markdown', 'plaintext', 'ini'];

/** Pieces that the readers look for, so that random text reaches their branches. */
const pieces = [
  ...[
    'attention(',
    'nn.dotProductAttention(',
    'ggml_flash_attn_ext(',
    'new MultiHeadAttention({',
    '})',
    ')',
    '(',
  ],
  ...[
    '{',
    '}',
    '[',
    ']',
    '<<<',
    '>>>',
    '=',
    '==',
    ':',
    ',',
    ';',
    '\n',
    '\r\n',
    '  ',
    '- ',
    '\t',
    '"',
    "'",
    '`',
    '```cpp\n',
  ],
  ...[
    'numHeads',
    'n_head',
    'head_dim',
    'keyDim',
    'B',
    'T',
    'NH',
    'C',
    'q',
    'k',
    'v',
    '8',
    '16',
    '4096',
    '64',
    '0',
    '-1',
  ],
  ...[
    'const ',
    'let ',
    'int ',
    'constexpr ',
    '#define ',
    '#ifndef ',
    '// ',
    '/*',
    '*/',
    '|',
    '|---|---|',
    '=> ',
    'return ',
  ],
  ...[
    '8x16x4096x64',
    '(8, 16, 4096, 64)',
    'b=8 h=16 n=4096 d=64',
    'past_key_values.0.key',
    '[1, 8, 9, 64]',
    '\\',
    '$',
    '\u0000',
    '\u{1f600}',
    '×',
    '[a.b]',
    '.reshape([',
  ],
];

const soup = fc
  .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 8, unit: 'binary' })), { maxLength: 80 })
  .map((parts) => parts.join(''));

describe('any text at all', () => {
  test('gives sites that lie in the text, with a basis for each value', () => {
    fc.assert(
      fc.property(soup, fc.constantFrom(...languages), (text, language) => {
        const lines = text.split('\n');
        for (const site of findTextSites(text, language)) {
          expect(lines[site.line - 1]!.length).toBeGreaterThanOrEqual(site.column);
          expect(lines[site.endLine - 1]!.length).toBeGreaterThanOrEqual(site.endColumn);
          for (const [field, value] of Object.entries(site.problem)) {
            expect([field, field in site.basis]).toEqual([field, value !== null]);
            if (typeof value === 'number') expect(value).toBeGreaterThan(0);
          }
          for (const { line } of site.evidence) expect(lines[line - 1]).toBeDefined();
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('gives the same answer twice: nothing is kept between calls', () => {
    fc.assert(
      fc.property(soup, fc.constantFrom(...languages), (text, language) => {
        expect(findTextSites(text, language)).toEqual(findTextSites(text, language));
      }),
      { numRuns: 200 },
    );
  });
});

/** Half a million characters and more, each of a kind that a careless reader walks again and again. */
const size = 2 ** 19 - 64;
const repeated = (piece: string) => piece.repeat(Math.floor(size / piece.length));
const huge: [string, string][] = [
  ['brackets that never close', `attention${repeated('(')}`],
  ['calls in calls', repeated('attention(')],
  ['calls in calls that close', 'attention(q, '.repeat(20_000) + ')'.repeat(20_000)],
  ['braces in braces', `${'{heads: 8, a: '.repeat(20_000)}${'}'.repeat(20_000)}`],
  ['closers alone', `attention ${repeated(')]}')}`],
  ['crossed brackets', `attention ${repeated('([)]{')}`],
  ['one name, defined again and again', `${repeated('const int T = 8; ')} attention(a, b, T)`],
  ['one name, changed again and again', `int T = 1; ${repeated('T = T + 1; ')} attention(a, b, T)`],
  [
    'names that stand for each other',
    `${'a = b; b = a; const a = b; const b = a; '.repeat(8000)}attention(q, a, b)`,
  ],
  ['macros that stand for each other', repeated('#define heads heads + heads\n')],
  ['a long expression', `attention(q, ${repeated('1 + ')} 1)`],
  ['a long list', `attention(q, [${repeated('8, ')}])`],
  ['calls of one function', repeated('attention(q, k, v, B, T, NH, x);\n')],
  ['prototypes of one function', repeated('void attention(int B, int T, int NH);\n')],
  ['arrows in arrows', `const attention = ${repeated('(a) => ')} a`],
  ['generics', repeated('attention<a<b<c ')],
  ['launches', repeated('attention<<<a, ')],
  ['quotes', repeated('attention"')],
  ['template literals', repeated('`attention${')],
  ['comments', repeated('/* attention')],
  ['slashes', repeated('attention = /')],
  ['one long name', `attention${repeated('n')}`],
  ['one long number', `attention(q, ${repeated('1')})`],
  ['one line of shapes', repeated('8x16x4096x64 ')],
  ['one line of names', repeated('b=8 h=16 n=4096 d=64 ')],
  ['one line of tuples', repeated('q (8, 16, 4096, 64) ')],
  ['keys of one section', Array.from({ length: 40_000 }, (_, i) => `heads${i}: ${i}`).join('\n')],
  ['sections in sections', Array.from({ length: 900 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
  ['items', repeated('- num_heads: 8\n  head_dim: 64\n')],
  ['dashes', repeated('- ')],
  ['rules of tables', repeated('|-|-|\n')],
  ['wide tables', `${repeated('|heads')}\n${'|-'.repeat(900)}|\n`],
  ['long tables', `| H | D |\n|---|---|\n${repeated('| 8 | 64 |\n')}`],
  ['fences', repeated('```\n')],
  ['backticks', `${repeated('`')}${'x'.repeat(40)}`],
  ['fences of code', repeated('```cpp\nattention(a, b, 8);\n```\n')],
  ['caches', repeated('past_key_values.0.key [1, 8, ')],
  ['spaces', `attention heads${repeated(' ')}x`],
  ['line ends', `heads${repeated('\n')}x`],
];

describe('huge texts take a bounded time', () => {
  test.each(huge)('%s', (_, text) => {
    for (const language of languages) {
      // Processor time of this process, so that other work on the machine does not count.
      const before = process.cpuUsage();
      findTextSites(text, language);
      const { user } = process.cpuUsage(before);
      expect({ language, slow: user > 1_500_000 }).toEqual({ language, slow: false });
    }
  });

  test('what is too long for code is searched for literal shapes alone', () => {
    const shape = '// 8x16x4096x64\n';
    const filler = `${'int x;\n'.repeat(80_000)}`;
    expect(findTextSites(shape + filler, 'cpp').map(({ api }) => api)).toEqual(['text']);
    const past = `${' '.repeat(2 ** 20)}${shape}`;
    expect(findTextSites(past, 'cpp')).toEqual([]);
  });
});
