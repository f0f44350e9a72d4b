import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type BlockMask,
  blockMaskError,
  formatBlockMask,
  parseBlockMask,
  visibleBlocks,
} from '../../../src/attention/blockMask.ts';
import { philox4x32 } from '../../../src/attention/random/philox.ts';

const masks: fc.Arbitrary<BlockMask> = fc.oneof(
  fc.record({ kind: fc.constant('local' as const), width: fc.nat(2 ** 30 - 1) }),
  fc.record({ kind: fc.constant('strided' as const), stride: fc.integer({ min: 1, max: 2 ** 30 - 1 }) }),
  fc.constant({ kind: 'butterfly' as const }),
  fc.record({
    kind: fc.constant('random' as const),
    density: fc.double({ min: 1e-6, max: 1, noNaN: true }),
  }),
);

describe('as text', () => {
  test('every mask reads back as it was written', () => {
    fc.assert(
      fc.property(masks, (mask) => {
        expect(parseBlockMask(formatBlockMask(mask))).toEqual({ ok: true, value: mask });
      }),
    );
  });

  test.each([
    ['', /not understood: give local:WIDTH/],
    ['local', /not understood/],
    ['local:', /not understood/],
    ['local:-1', /not understood/],
    ['local:1:2', /not understood/],
    ['local:9999999999', /width in blocks of at least 0/],
    ['strided:0', /stride in blocks of at least 1/],
    ['butterfly:2', /butterfly takes no number/],
    ['random:0', /density above 0, at most 1/],
    ['random:1.5', /density above 0, at most 1/],
    ['random:NaN', /not understood/],
    ['mask.npy\n', /"mask\.npy\\n" is not understood/],
  ])('%j is refused in one line', (text, right) => {
    const parsed = parseBlockMask(text);
    expect(parsed.ok).toBe(false);
    if (!parsed.ok) {
      expect(parsed.error).toMatch(right);
      expect(parsed.error).not.toContain('\n');
    }
  });
});

describe('the blocks of a row', () => {
  const rows = (mask: BlockMask, rowBlocks: number, keyBlocks = rowBlocks, seed = 1) =>
    Array.from({ length: rowBlocks }, (_, row) => visibleBlocks(mask, row, rowBlocks, keyBlocks, seed));

  test('local: a band about the diagonal', () => {
    expect(rows({ kind: 'local', width: 1 }, 4)).toEqual([
      [0, 1],
      [0, 1, 2],
      [1, 2, 3],
      [2, 3],
    ]);
    // Two key blocks to a row block: the diagonal is two blocks wide.
    expect(rows({ kind: 'local', width: 0 }, 2, 4)).toEqual([
      [0, 1],
      [2, 3],
    ]);
  });

  test('strided: every third block, counted from the diagonal', () => {
    expect(rows({ kind: 'strided', stride: 3 }, 6)[1]).toEqual([1, 4]);
    expect(rows({ kind: 'strided', stride: 3 }, 6)[5]).toEqual([2, 5]);
  });

  test('butterfly: block numbers that differ in at most one bit', () => {
    expect(rows({ kind: 'butterfly' }, 8)[5]).toEqual([1, 4, 5, 7]);
    expect(rows({ kind: 'butterfly' }, 4, 8)[1]).toEqual([0, 1, 2, 3, 6, 7]);
    // Not a power of two: what lies beyond the edge is cut off.
    expect(rows({ kind: 'butterfly' }, 5)[4]).toEqual([0, 4]);
  });

  test('random: the density of each row, and the seed decides which', () => {
    const quarter: BlockMask = { kind: 'random', density: 0.25 };
    const drawn = rows(quarter, 32, 64);
    for (const row of drawn) expect(row).toHaveLength(16);
    expect(rows(quarter, 32, 64)).toEqual(drawn);
    expect(rows(quarter, 32, 64, 2)).not.toEqual(drawn);
    // 32 rows draw 16 of 64: each block about 8 times, and none never.
    const times = Array.from({ length: 64 }, (_, block) => drawn.filter((row) => row.includes(block)).length);
    expect(Math.min(...times)).toBeGreaterThan(0);
    expect(Math.max(...times)).toBeLessThan(20);
  });

  test('random: those with the smallest words, the first ones where words are equal', () => {
    const drawn = fc.record({
      density: fc.double({ min: 0.01, max: 1, noNaN: true }),
      keyBlocks: fc.integer({ min: 1, max: 60 }),
      row: fc.nat(1000),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(drawn, ({ density, keyBlocks, row, seed }) => {
        const word = (block: number) => {
          const four = new Uint32Array(4);
          philox4x32(four, Math.floor(block / 4), row, 0, 2, seed, 0);
          return four[block % 4]!;
        };
        const wanted = Math.min(keyBlocks, Math.max(1, Math.round(density * keyBlocks)));
        const smallest = Array.from({ length: keyBlocks }, (_, block) => block)
          .sort((a, b) => word(a) - word(b) || a - b)
          .slice(0, wanted)
          .sort((a, b) => a - b);
        expect(visibleBlocks({ kind: 'random', density }, row, 2000, keyBlocks, seed)).toEqual(smallest);
      }),
    );
  });

  test('blocks rise, lie within the keys, and no row has none', () => {
    const sizes = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(masks, sizes, sizes, fc.nat(), (mask, rowBlocks, keyBlocks, seed) => {
        expect(blockMaskError(mask)).toBeNull();
        for (const row of rows(mask, rowBlocks, keyBlocks, seed)) {
          expect(row.length).toBeGreaterThan(0);
          expect(row).toEqual([...new Set(row)].sort((a, b) => a - b));
          expect(row[0]).toBeGreaterThanOrEqual(0);
          expect(row.at(-1)).toBeLessThan(keyBlocks);
        }
      }),
    );
  });
});
