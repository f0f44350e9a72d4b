import fc from 'fast-check';
import { expect, test } from 'vitest';
import { groupsIn, nextBox, type Triple, wholeBoxes } from '../../../src/gpu/slices.ts';

const size = fc.integer({ min: 1, max: 9 });
const grids = fc.tuple(size, size, size) as fc.Arbitrary<Triple>;

test('boxes of any sizes cover a grid exactly once and obey both limits', () => {
  fc.assert(
    fc.property(
      grids,
      fc.integer({ min: 1, max: 7 }),
      fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20 }),
      (grid, maxPerDimension, wanted) => {
        const seen = new Uint8Array(groupsIn(grid));
        let from = 0;
        for (let step = 0; from < seen.length; step++) {
          const limit = wanted[step % wanted.length]!;
          const { origin, extent } = nextBox(grid, from, limit, maxPerDimension);
          expect(groupsIn(extent)).toBeLessThanOrEqual(limit);
          expect(Math.max(...extent)).toBeLessThanOrEqual(maxPerDimension);
          for (let z = origin[2]; z < origin[2] + extent[2]; z++)
            for (let y = origin[1]; y < origin[1] + extent[1]; y++)
              for (let x = origin[0]; x < origin[0] + extent[0]; x++) {
                expect(x < grid[0] && y < grid[1] && z < grid[2]).toBe(true);
                seen[(z * grid[1] + y) * grid[0] + x]!++;
              }
          from += groupsIn(extent);
        }
        expect(seen.every((times) => times === 1)).toBe(true);
      },
    ),
  );
});

test('a grid within the limits is one box, a larger one as few as its shape allows', () => {
  expect([...wholeBoxes([4, 3, 2], 65_535)]).toEqual([{ origin: [0, 0, 0], extent: [4, 3, 2] }]);
  expect([...wholeBoxes([100_000, 1, 1], 65_535)]).toEqual([
    { origin: [0, 0, 0], extent: [65_535, 1, 1] },
    { origin: [65_535, 0, 0], extent: [34_465, 1, 1] },
  ]);
  expect([...wholeBoxes([2, 1, 70_000], 65_535)]).toHaveLength(2);
});

test('fractions and less than one are asked for by a slow device: one workgroup goes all the same', () => {
  expect(nextBox([5, 1, 1], 2, 0.3, 65_535)).toEqual({ origin: [2, 0, 0], extent: [1, 1, 1] });
});
