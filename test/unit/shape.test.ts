import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkShape, formatShape, parseShape, type Shape } from '../../src/attention/shape.ts';

const square: Shape = {
  batch: 1,
  heads: 8,
  kvHeads: 8,
  seqLenQ: 512,
  seqLenKv: 512,
  headDim: 64,
  headDimV: 64,
};

describe('parseShape', () => {
  test.each([
    '1,8,512,64',
    '1 8 512 64',
    '1x8x512x64',
    '1 x 8 x 512 × 64',
    '1, 8, 512, 64',
    ' (1, 8, 512, 64) ',
    '[1,8,512,64]',
    'h=8 n=512 d=64',
    'b=1, h=8, n=512, d=64',
    'B = 1 H = 8 N = 512 D = 64',
    'd=64 m=512 dv=64 kv=8 n=512 h=8 b=1',
  ])('reads %s', (text) => {
    expect(parseShape(text)).toEqual({ ok: true, value: square });
  });

  test('kv heads, key length and value dim are taken where named', () => {
    expect(parseShape('b=2 h=8 kv=2 n=333 m=517 d=80 dv=96')).toEqual({
      ok: true,
      value: { batch: 2, heads: 8, kvHeads: 2, seqLenQ: 333, seqLenKv: 517, headDim: 80, headDimV: 96 },
    });
  });

  test.each([
    ['', /empty/],
    ['()', /empty/],
    ['1,8,x,64', /sequence length is not a whole number, "x": give/],
    ['1,8,0,64', /sequence length must be at least 1, not "0"/],
    ['1,-8,512,64', /heads must be at least 1, not "-8"/],
    ['8,512,64', /four sizes .* not 3/],
    ['1,8,512,64,2', /four sizes .* not 5/],
    ['1,,512,64', /heads is not a whole number, ""/],
    ['1,8,5.5,64', /not a whole number, "5.5"/],
    ['1,8,1e3,64', /not a whole number, "1e3"/],
    ['1,8,99999999999999999999999,64', /sequence length is too large/],
    ['1,8,16777216,64', /too large: 2.25e\+15 elements/],
    ['n=16777217 m=1 h=1 d=1', /^seqLenQ is too large, 16777217: at most 16777216$/],
    ['1,8,512,257', /headDim is 257, at most 256/],
    ['h=8 n=512', /^d is missing/],
    ['b=1', /^h and n and d are missing/],
    ['h=8 h=8 n=5 d=6', /h is given twice/],
    ['h=8 n=5 d=6 q=1', /unknown size "q=1", the names are b, h, kv/],
    ['h=8 n=5 d=6 __proto__=1', /unknown size/],
    ['h=8 n=5 d=6=7', /unknown size/],
    ['h= n=5 d=6', /h is not a whole number/],
    ['b=1 h=8 kv=3 n=5 d=6', /heads \(8\) must be divisible by kv heads \(3\)/],
  ])('refuses %s', (text, error) => {
    const result = parseShape(text);
    expect(result).toEqual({ ok: false, error: expect.stringMatching(error) });
  });

  test('whatever is given, the answer is a valid shape or one short line', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom('1', '8', '64', ',', ' ', '=', 'x', 'h=', 'n=', 'd=', '\n'),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
        (text) => {
          const result = parseShape(text);
          if (result.ok) expect(checkShape(result.value).ok).toBe(true);
          else expect(result.error).toMatch(/^[^\n\r]{1,260}$/);
        },
      ),
      { numRuns: 500 },
    );
  });
});

test('what formatShape writes reads back to the same shape', () => {
  const shapes = fc.record({
    batch: fc.integer({ min: 1, max: 64 }),
    group: fc.integer({ min: 1, max: 8 }),
    kvHeads: fc.integer({ min: 1, max: 16 }),
    seqLenQ: fc.integer({ min: 1, max: 100_000 }),
    seqLenKv: fc.option(fc.integer({ min: 1, max: 100_000 })),
    headDim: fc.integer({ min: 1, max: 256 }),
    headDimV: fc.option(fc.integer({ min: 1, max: 256 })),
  });
  fc.assert(
    fc.property(shapes, ({ group, ...sizes }) => {
      const shape = {
        ...sizes,
        heads: sizes.kvHeads * group,
        seqLenKv: sizes.seqLenKv ?? sizes.seqLenQ,
        headDimV: sizes.headDimV ?? sizes.headDim,
      };
      expect(parseShape(formatShape(shape))).toEqual({ ok: true, value: shape });
    }),
  );
});

test.each([Number.NaN, 1.5, 0, -1, Number.POSITIVE_INFINITY, 2 ** 40])('checkShape refuses %s', (size) => {
  expect(checkShape({ ...square, seqLenQ: size }).ok).toBe(false);
});
