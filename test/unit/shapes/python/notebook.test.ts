import { describe, expect, it } from 'vitest';
import { pythonParser } from '../../../../scripts/lib/pythonParser.ts';
import { cellsOf, NotebookDocument, pythonOfCell } from '../../../../src/shapes/python/notebook.ts';

const parser = await pythonParser();

const cells = [
  '%matplotlib inline\n!pip install torch\nimport torch\nimport torch.nn.functional as F',
  '# Sizes\nbatch_size = 8\nheads = 12',
  '%%bash\nheads=1; echo $heads',
  'def attend(length):\n    q = torch.randn(batch_size, heads, length, 64)\n    return F.scaled_dot_product_attention(q, q, q)',
  '%%time\nattend(1024)',
];

describe('a notebook', () => {
  it('has one namespace, in the order of its cells', () => {
    const notebook = new NotebookDocument(parser, cells);
    const [site, ...more] = notebook.sites();
    expect(more).toEqual([]);
    expect(site).toMatchObject({
      cell: 3,
      line: 3,
      problem: { batch: 8, heads: 12, seqLenQ: 1024, headDim: 64 },
      basis: { batch: 'constant', seqLenQ: 'call-site' },
    });
    expect(site!.evidence).toContainEqual({ cell: 1, line: 2, kind: 'constant', text: 'batch_size = 8' });
    notebook.dispose();
  });

  it('follows a cell that changes, and cells that come and go', () => {
    const notebook = new NotebookDocument(parser, cells);
    notebook.sites();
    notebook.update(cells.with(1, 'batch_size = 2\nheads = 4'));
    expect(notebook.sites()[0]!.problem).toMatchObject({ batch: 2, heads: 4 });
    notebook.update(cells.slice(0, 3));
    expect(notebook.sites()).toEqual([]);
    notebook.update(cells);
    expect(notebook.sites()[0]!.problem).toMatchObject({ batch: 8, heads: 12 });
    notebook.dispose();
  });

  it('reads magics as comments without moving a character', () => {
    for (const cell of cells) expect(pythonOfCell(cell)).toHaveLength(cell.length);
    expect(pythonOfCell('x = 5\n% y')).toBe('x = 5\n% y');
    expect(pythonOfCell('%%html\n<b>\n')).toBe('      \n   \n');
  });

  it('reads the code cells of a file and leaves the others empty', () => {
    const file = {
      cells: [
        { cell_type: 'markdown', source: ['# Title'] },
        { cell_type: 'code', source: ['a = 1\n', 'b = 2'] },
        { cell_type: 'code', source: 'c = 3' },
        { cell_type: 'code', source: 7 },
        null,
      ],
    };
    expect(cellsOf(JSON.stringify(file))).toEqual(['', 'a = 1\nb = 2', 'c = 3', '', '']);
    expect(cellsOf('{')).toBeNull();
    expect(cellsOf('null')).toBeNull();
    expect(cellsOf('{"cells": 3}')).toBeNull();
  });
});
