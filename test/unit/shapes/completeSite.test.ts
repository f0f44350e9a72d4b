import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pythonParser } from '../../../scripts/lib/pythonParser.ts';
import { completeSite } from '../../../src/shapes/completeSite.ts';
import { PythonDocument } from '../../../src/shapes/python/document.ts';
import { evaluateSymbol, namesIn } from '../../../src/shapes/symbolText.ts';

const parser = await pythonParser();
const siteIn = (text: string) => new PythonDocument(parser, text).sites()[0]!;
const head = 'import torch.nn.functional as F\n';

describe('a site whose symbols get values', () => {
  const site = siteIn(
    `${head}def f(x, heads):\n    B, T, C = x.shape\n    q = x.view(B, T, heads, C // heads).transpose(1, 2)\n    return F.scaled_dot_product_attention(q, q, q, is_causal=True)\n`,
  );

  it('says which sizes are missing, and what the code calls them', () => {
    expect(completeSite(site, {}).missing).toEqual([
      { field: 'batch', name: 'B' },
      { field: 'heads', name: 'heads' },
      { field: 'seqLenQ', name: 'T' },
      { field: 'seqLenKv', name: 'T' },
      { field: 'headDim', name: 'C // heads' },
    ]);
    expect(completeSite(site, { T: 5 }).shape).toBeNull();
  });

  it('is a shape once all have values', () => {
    const { shape, options, missing, assumed } = completeSite(site, { B: 2, T: 512, C: 768, heads: 12 });
    expect(missing).toEqual([]);
    expect(shape).toEqual({
      batch: 2,
      heads: 12,
      kvHeads: 12,
      seqLenQ: 512,
      seqLenKv: 512,
      headDim: 64,
      headDimV: 64,
    });
    expect(options.causal).toBe('top-left');
    expect(assumed).toEqual([]);
  });

  it('names what it takes for granted', () => {
    const open = siteIn(
      `${head}import torch\nq = torch.zeros(1, 2, 3, 4)\nF.scaled_dot_product_attention(q, q, q, attn_mask=mask)\n`,
    );
    expect(completeSite(open, {}).assumed).toEqual(['causal, bias not known, taken as off']);
  });
});

describe('a symbol as text', () => {
  it('is the arithmetic that it spells', () => {
    const values = fc.record({ a: fc.integer({ min: 1, max: 99 }), b: fc.integer({ min: 1, max: 99 }) });
    fc.assert(
      fc.property(values, ({ a, b }) => {
        expect(evaluateSymbol('a // b', { a, b })).toBe(Math.floor(a / b));
        expect(evaluateSymbol('2 * a + b', { a, b })).toBe(2 * a + b);
        expect(evaluateSymbol('(a + b) * 3 - a', { a, b })).toBe((a + b) * 3 - a);
        expect(evaluateSymbol('config.a', { 'config.a': a })).toBe(a);
        expect(evaluateSymbol('a // b', { 'a // b': 7, a, b })).toBe(7);
      }),
    );
  });

  it('is unknown where a value is missing or the text is not arithmetic', () => {
    for (const text of ['', 'a', 'a +', '(a', '1 2', 'f(a)', 'a[0]', '1 // 0', 'constructor']) {
      expect(evaluateSymbol(text, { b: 1 })).toBeNull();
    }
    expect(namesIn('C // config.heads + C')).toEqual(['C', 'config.heads']);
  });
});
