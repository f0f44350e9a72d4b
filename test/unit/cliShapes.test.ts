import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runFaked } from './cliFakes.ts';

let folder: string;
const file = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'shapes-'));
  writeFileSync(
    file('model.py'),
    'import torch\nimport torch.nn.functional as F\nfrom .sizes import Config\n\ndef attend(config: Config, x):\n    q = torch.zeros(x.size(0), config.heads, 16, 8)\n    return F.scaled_dot_product_attention(q, q, q)\n',
  );
  writeFileSync(file('sizes.py'), 'class Config:\n    heads: int = 6\n');
  writeFileSync(
    file('book.ipynb'),
    JSON.stringify({
      cells: [
        {
          cell_type: 'code',
          source: ['import torch\nfrom torch.nn.functional import scaled_dot_product_attention as f\n'],
        },
        { cell_type: 'code', source: ['q = torch.zeros(1, 2, 3, 4)\nf(q, q, q)'] },
      ],
    }),
  );
  writeFileSync(file('notes.md'), 'The attention is b=1 h=8 n=512 d=64 here.\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('attnprof shapes', () => {
  it('prints every site of every file as one JSON value', async () => {
    const { code, out } = await runFaked([
      'shapes',
      file('model.py'),
      file('book.ipynb'),
      file('notes.md'),
      '--json',
    ]);
    expect(code).toBe(0);
    const [model, book, notes, ...more] = JSON.parse(out);
    expect(more).toEqual([]);
    expect(model).toMatchObject({
      file: file('model.py'),
      line: 7,
      column: 11,
      api: 'torch.sdpa',
      problem: { batch: null, heads: 6, seqLenQ: 16, headDim: 8, causal: false },
      basis: { heads: 'default', seqLenQ: 'literal' },
    });
    expect(model.evidence).toContainEqual({
      line: 2,
      text: 'heads: int = 6',
      kind: 'default',
      file: file('sizes.py'),
    });
    expect(book).toMatchObject({ file: file('book.ipynb'), cell: 1, line: 2, problem: { heads: 2 } });
    expect(notes).toMatchObject({
      api: 'text',
      line: 1,
      problem: { heads: 8, seqLenQ: 512, causal: null },
    });
  });

  it('lists them as text, with what they rest on', async () => {
    const { code, out } = await runFaked(['shapes', file('model.py')]);
    expect(code).toBe(0);
    expect(out).toContain(`${file('model.py')}:7:12  F.scaled_dot_product_attention  torch.sdpa`);
    expect(out).toContain('heads 6 (default)');
    expect(out).toContain(`default, ${file('sizes.py')}:2: heads: int = 6`);
  });

  it('says so where there is nothing', async () => {
    const { code, out } = await runFaked(['shapes', file('sizes.py')]);
    expect(code).toBe(0);
    expect(out).toBe(`No attention found in ${file('sizes.py')}.\n`);
    expect((await runFaked(['shapes', file('sizes.py'), '--json'])).out).toBe('[]\n');
  });

  it.each([
    [['shapes'], /no file is given/],
    [['shapes', 'nothing/here.py'], /cannot be read: there is no such file/],
  ])('refuses %j in one line', async (argv, message) => {
    const { code, error } = await runFaked(argv as string[]);
    expect(code).toBe(2);
    expect(error).toMatch(message);
    expect(error.trim().split('\n')).toHaveLength(1);
  });

  it('refuses a notebook that is none', async () => {
    writeFileSync(file('broken.ipynb'), '{');
    const { code, error } = await runFaked(['shapes', file('broken.ipynb')]);
    expect(code).toBe(2);
    expect(error).toMatch(/is no notebook/);
  });
});
