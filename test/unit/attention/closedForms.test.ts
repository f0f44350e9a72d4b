import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BlockMask, visibleBlocks } from '../../../src/attention/blockMask.ts';
import { blockRuns } from '../../../src/attention/blockRuns.ts';
import { seenBy } from '../../../src/attention/cost/bound.ts';
import { codeSums } from '../../../src/attention/cost/flashInt8.ts';
import { floorSum } from '../../../src/attention/cost/floorSum.ts';
import { listedSums } from '../../../src/attention/cost/listedSums.ts';
import { packedSums } from '../../../src/attention/cost/packedTiles.ts';
import { ringSums } from '../../../src/attention/cost/ringSums.ts';
import { tileSums } from '../../../src/attention/cost/tileSums.ts';
import { bandsOf, clamp, visiblePairsOf, visibleRange } from '../../../src/attention/mask.ts';
import type { Problem } from '../../../src/attention/problem.ts';
import {
  walkedCodeSums,
  walkedListedSums,
  walkedPackedSums,
  walkedPairsOf,
  walkedRingSums,
  walkedSeenBy,
  walkedTileSums,
  walkedWords,
} from '../../support/rowWalk.ts';
import { plainProblem, problems } from './arbitrary.ts';

/** Tiles of any size, also larger than the sequences. */
const sizes = fc.record({ br: fc.integer({ min: 1, max: 120 }), bc: fc.integer({ min: 1, max: 120 }) });

/** Short and long problems: few rows of tiles, and many. */
const anyProblem = fc.oneof(problems(30), problems(400));

const entries = ({ batch }: Problem) => Array.from({ length: batch }, (_, entry) => entry);

describe('the floor sum', () => {
  it('equals the sum term by term', () => {
    const upTo = (max: number) => fc.integer({ min: 0, max });
    fc.assert(
      fc.property(
        upTo(300),
        fc.integer({ min: 1, max: 2 ** 20 }),
        upTo(2 ** 20),
        upTo(2 ** 24),
        (count, divisor, slope, start) => {
          let sum = 0;
          for (let i = 0; i < count; i++) sum += Math.floor((slope * i + start) / divisor);
          expect(floorSum(count, divisor, slope, start)).toBe(sum);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('equals the sum over the longest sequences', () => {
    for (const [divisor, slope] of [
      [1, 1],
      [3, 1],
      [52, 1],
      [48, 4],
      [1_000_003, 7],
    ] as const) {
      const count = Math.floor(2 ** 24 / slope);
      // Below 2^48, so exact.
      let sum = 0;
      for (let i = 0; i < count; i++) sum += Math.floor((slope * i + 5) / divisor);
      expect(floorSum(count, divisor, slope, 5)).toBe(sum);
    }
  });
});

describe('the mask as clamped lines', () => {
  it('shows each row the keys that it sees', () => {
    fc.assert(
      fc.property(problems(60), (problem) => {
        for (const entry of entries(problem)) {
          const bands = bandsOf(problem, entry);
          for (let row = 0; row < problem.seqLenQ; row++) {
            const { startShift, endShift, low, high } = bands.find(({ rowEnd }) => row < rowEnd)!;
            const start = clamp(row + startShift, low, high);
            expect({ start, end: clamp(row + endShift, low, high) }).toEqual(
              visibleRange(problem, entry, row),
            );
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('gives the visible pairs, and the queries and keys that see and are seen', () => {
    fc.assert(
      fc.property(anyProblem, (problem) => {
        for (const entry of entries(problem)) {
          expect(visiblePairsOf(problem, entry)).toBe(walkedPairsOf(problem, entry));
          expect(seenBy(problem, entry)).toEqual(walkedSeenBy(problem, entry));
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('sums over tiles in closed form', () => {
  it('equal the walk over rows of tiles', () => {
    fc.assert(
      fc.property(anyProblem, sizes, (problem, { br, bc }) => {
        expect(tileSums(problem, br, bc)).toEqual(walkedTileSums(problem, br, bc));
      }),
      { numRuns: 1000 },
    );
  });

  it('equal it for rows, words and codes', () => {
    fc.assert(
      fc.property(anyProblem, sizes, (problem, { br, bc }) => {
        expect(tileSums(problem, 1, bc).queryRowsPerTile).toBe(walkedWords(problem, bc));
        expect(tileSums(problem, problem.seqLenQ, bc)).toEqual(walkedTileSums(problem, problem.seqLenQ, bc));
        expect(codeSums(problem, br)).toEqual(walkedCodeSums(problem, br));
      }),
      { numRuns: 500 },
    );
  });

  it('equal it where the heads of a group lie side by side, split and paged', () => {
    const packing = fc.record({
      group: fc.integer({ min: 1, max: 70 }),
      splits: fc.integer({ min: 1, max: 20 }),
      page: fc.integer({ min: 1, max: 48 }),
    });
    fc.assert(
      fc.property(anyProblem, sizes, packing, (problem, { br, bc }, { group, splits, page }) => {
        const grouped = { ...problem, heads: problem.kvHeads * group };
        const tiling = { br, bc, dc: bc, splits, headsPerSlice: 1 };
        expect(packedSums(grouped, tiling, page)).toEqual(walkedPackedSums(grouped, tiling, page));
      }),
      { numRuns: 1000 },
    );
  });

  it('equal it for the shards of a ring in both layouts', () => {
    fc.assert(
      fc.property(
        fc.oneof(problems(30), problems(150)),
        sizes,
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom('plain' as const, 'striped' as const),
        (problem, { br, bc }, devices, layout) => {
          const ringDevices = Math.min(devices, problem.seqLenQ, problem.seqLenKv);
          const ring = { ...problem, ringDevices };
          expect(ringSums(ring, layout, br, bc)).toEqual(walkedRingSums(ring, layout, br, bc));
        },
      ),
      { numRuns: 600 },
    );
  });

  it('equal it for long sequences with a window between unlike lengths', () => {
    const sizesQ = { heads: 1, seqLenQ: 200_003, seqLenKv: 131_077, headDim: 4 };
    for (const causal of [false, 'top-left', 'bottom-right'] as const) {
      for (const window of [
        null,
        { left: 4099, right: null },
        { left: 1021, right: 0 },
        { left: 13, right: 0 },
      ]) {
        const problem = plainProblem({ ...sizesQ, causal, window });
        for (const [br, bc] of [
          [64, 32],
          [52, 76],
          [4, 8],
        ] as const) {
          expect(tileSums(problem, br, bc)).toEqual(walkedTileSums(problem, br, bc));
        }
      }
    }
  });
});

describe('sums over listed tiles', () => {
  const mask: fc.Arbitrary<BlockMask> = fc.oneof(
    fc.record({ kind: fc.constant('local' as const), width: fc.integer({ min: 0, max: 12 }) }),
    fc.record({ kind: fc.constant('strided' as const), stride: fc.integer({ min: 1, max: 12 }) }),
    fc.constant({ kind: 'butterfly' as const }),
    fc.record({
      kind: fc.constant('random' as const),
      density: fc.double({ min: 0.01, max: 1, noNaN: true }),
    }),
  );

  it('take the blocks that the mask names, in runs that share none', () => {
    const count = fc.integer({ min: 1, max: 70 });
    fc.assert(
      fc.property(mask, count, count, fc.nat(), (blockMask, rowBlocks, keyBlocks, seed) => {
        for (let row = 0; row < rowBlocks; row++) {
          const blocks: number[] = [];
          for (const { first, last, stride } of blockRuns(blockMask, row, rowBlocks, keyBlocks, seed)) {
            expect((last - first) % stride).toBe(0);
            for (let block = first; block <= last; block += stride) blocks.push(block);
          }
          expect(blocks.sort((a, b) => a - b)).toEqual(
            visibleBlocks(blockMask, row, rowBlocks, keyBlocks, seed),
          );
        }
      }),
      { numRuns: 300 },
    );
  });

  it('equal the walk over rows of tiles and blocks', () => {
    const smallTiles = fc.record({
      br: fc.integer({ min: 1, max: 40 }),
      bc: fc.integer({ min: 1, max: 40 }),
    });
    fc.assert(
      fc.property(
        fc.oneof(problems(30), problems(200)),
        smallTiles,
        mask,
        (problem, { br, bc }, blockMask) => {
          const sparse = { ...problem, blockMask };
          expect(listedSums(sparse, br, bc)).toEqual(walkedListedSums(sparse, br, bc));
        },
      ),
      { numRuns: 1000 },
    );
  });
});
