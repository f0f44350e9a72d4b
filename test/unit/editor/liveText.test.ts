import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attentionCallAt } from '../../../src/editor/live/callText.ts';
import { linesOfFrame, mentions } from '../../../src/editor/live/frameLines.ts';

const at = (text: string, line = 0) => {
  const call = attentionCallAt(text, line);
  return call && { ...call, tensors: Object.fromEntries(call.tensors) };
};

describe('the attention call on a line', () => {
  test('gives names by position or keyword, and literals', () => {
    expect(
      at('y = F.scaled_dot_product_attention(q, key=k, value=v, is_causal=True, dropout_p=0.1)'),
    ).toEqual({
      api: 'torch.scaled_dot_product_attention',
      tensors: { query: 'q', key: 'k', value: 'v' },
      flags: { is_causal: true, dropout_p: 0.1 },
      unread: [],
      firstLine: 0,
      lastLine: 0,
    });
    expect(at('flash_attn_func(q, k, v, window_size=(128, 0), causal=True, softcap=0.0)')).toMatchObject({
      api: 'flash_attn.func',
      flags: { window_size: [128, 0], causal: true, softcap: 0 },
    });
    expect(at('scaled_dot_product_attention(q, k, v, None, 0.0, True)')).toMatchObject({
      flags: { dropout_p: 0, is_causal: true },
    });
  });

  test('may cover lines, with comments and strings inside', () => {
    const text = `x = 1
out = torch.nn.functional.scaled_dot_product_attention(
    q,  # (the query), of course
    k, v,
    attn_mask=None,
)
done()`;
    for (const line of [1, 2, 5])
      expect(at(text, line)).toMatchObject({ firstLine: 1, lastLine: 5, tensors: { value: 'v' } });
    for (const line of [0, 6]) expect(at(text, line)).toBeNull();
  });

  test('says what it cannot read, and positions that differ between versions are not read', () => {
    expect(
      at('F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None)'),
    ).toMatchObject({
      flags: {},
      unread: ['attn_mask=mask', 'is_causal=mask is None'],
    });
    expect(at('flash_attn_func(q, k, v, 0.5, None, True)')).toMatchObject({
      flags: {},
      unread: ['0.5', 'None', 'True'],
    });
  });

  test('is none where arguments are no names, splatted, missing or still being typed, or where it is a definition', () => {
    for (const text of [
      'F.scaled_dot_product_attention(q.transpose(1, 2), k, v)',
      'F.scaled_dot_product_attention(*qkv)',
      'F.scaled_dot_product_attention(q, k)',
      'flash_attn_func(qkv)',
      'F.scaled_dot_product_attention(q, k, v',
      '# F.scaled_dot_product_attention(q, k, v)',
      'def flash_attn_func(q, k, v):',
      'my_scaled_dot_product_attention(q, k, v)',
      '',
    ]) {
      expect(at(text), text).toBeNull();
    }
  });

  test('of any text takes no exception and little time', () => {
    const piece = fc.constantFrom(
      'flash_attn_func(',
      'q',
      ', ',
      ')',
      '(',
      '[',
      '"',
      "'",
      '#',
      '\n',
      '\\',
      '=',
      '*',
      'True',
      '1e',
      ' ',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), fc.nat(5), (pieces, line) => {
        attentionCallAt(pieces.join(''), line);
      }),
      { numRuns: 500 },
    );
    const started = performance.now();
    expect(at('flash_attn_func('.repeat(1000))).toBeNull();
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

const source = `import torch

def other(q):
    return q

class A:
    def forward(self, q, k):
        # about q
        if q is None:
            k = q.view(1)
        scores = torch.matmul(
            q,
            k,
        )
        q = scores

    def next(self, q):
        return q
x = other(q)
`.split('\n');
const lineAt = (line: number) => source[line]!;

describe('the lines of a frame', () => {
  test('go from its def to the end of the statement that it stopped in', () => {
    expect(linesOfFrame(lineAt, source.length, 9)).toEqual({ first: 6, last: 9 });
    expect(linesOfFrame(lineAt, source.length, 10)).toEqual({ first: 6, last: 13 });
    expect(linesOfFrame(lineAt, source.length, 14)).toEqual({ first: 6, last: 14 });
    expect(linesOfFrame(lineAt, source.length, 17)).toEqual({ first: 16, last: 17 });
    expect(linesOfFrame(lineAt, source.length, 18)).toEqual({ first: 0, last: 18 });
  });

  test('mention a name once each, not in comments, strings, attributes or keywords', () => {
    const places = mentions(lineAt, { first: 6, last: 13 }, new Set(['q', 'k']));
    expect(places.map(({ name, line, start }) => `${name} ${line}:${start}`)).toEqual([
      'q 6:22',
      'k 6:25',
      'q 8:11',
      'k 9:12',
      'q 9:16',
      'q 11:12',
      'k 12:12',
    ]);
    const text = ['f(q=q, x.q, "q", k=1, k == 2)  # q'];
    const found = mentions((line) => text[line]!, { first: 0, last: 0 }, new Set(['q', 'k']));
    expect(found.map(({ name, start }) => `${name}:${start}`)).toEqual(['q:4', 'k:22']);
  });
});
