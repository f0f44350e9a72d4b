import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { catalogue, chooseTiling, findAlgorithm } from '../../../src/attention/catalogue.ts';
import { boundTraffic } from '../../../src/attention/cost/bound.ts';
import { guaranteedLimits } from '../../../src/attention/limits.ts';
import { visibleKeys } from '../../../src/attention/mask.ts';
import type { Problem } from '../../../src/attention/problem.ts';
import { problems, tileSizes } from './arbitrary.ts';

const tilingOf = (tile: { br: number; bc: number }) => ({
  ...tile,
  dc: tile.bc,
  splits: 1,
  headsPerSlice: 1,
});
const cost = (id: string, problem: Problem, tile: { br: number; bc: number }) =>
  findAlgorithm(id)!.cost(problem, tilingOf(tile));

/** Walks one head tile by tile, as the kernels do, and counts elements. */
function walk(problem: Problem, br: number, bc: number) {
  const { seqLenQ, seqLenKv } = problem;
  const seen = { qPerTile: 0, qPerRow: 0, keys: 0, pairs: 0, total: 0, skipped: 0, partial: 0 };
  for (let row = 0; row < seqLenQ; row += br) {
    const rows = Math.min(br, seqLenQ - row);
    let walked = 0;
    for (let key = 0; key < seqLenKv; key += bc) {
      const columns = Math.min(bc, seqLenKv - key);
      let visible = 0;
      let widest = 0;
      for (let r = row; r < row + rows; r++) {
        const inTile = Math.min(columns, Math.max(0, visibleKeys(problem, r) - key));
        visible += inTile;
        widest = Math.max(widest, inTile);
      }
      seen.total++;
      if (visible === 0) seen.skipped++;
      else if (visible < rows * columns) seen.partial++;
      if (visible > 0) {
        seen.qPerTile += rows;
        seen.keys += widest;
        walked++;
      }
      seen.pairs += visible;
    }
    if (walked > 0) seen.qPerRow += rows;
  }
  return seen;
}

describe('exact costs', () => {
  it('equal a walk over the tiles, element by element', () => {
    fc.assert(
      fc.property(problems(70), tileSizes, (problem, tile) => {
        const seen = walk(problem, tile.br, tile.bc);
        const heads = BigInt(problem.batch * problem.heads);
        const { headDim, headDimV, seqLenQ } = problem;
        const bytes = (elements: number) => heads * BigInt(elements) * 4n;
        const standard = cost('standard', problem, tile);
        const flash = cost('flash2', problem, tile);
        expect(standard.traffic.buffers.q?.readBytes).toBe(bytes(seen.qPerTile * headDim));
        expect(standard.traffic.buffers.k?.readBytes).toBe(bytes(seen.keys * headDim));
        expect(standard.traffic.buffers.v?.readBytes).toBe(bytes(seen.keys * headDimV));
        expect(standard.traffic.buffers.s).toMatchObject({
          readBytes: bytes(3 * seen.pairs),
          writeBytes: bytes(seen.pairs),
        });
        expect(standard.traffic.buffers.p).toMatchObject({
          readBytes: bytes(seen.pairs),
          writeBytes: bytes(seen.pairs),
        });
        expect(flash.traffic.buffers.q?.readBytes).toBe(bytes(seen.qPerRow * headDim));
        expect(flash.traffic.buffers.k?.readBytes).toBe(bytes(seen.keys * headDim));
        expect(flash.traffic.buffers.v?.readBytes).toBe(bytes(seen.keys * headDimV));
        expect(flash.traffic.buffers.lse?.writeBytes).toBe(bytes(seqLenQ));
        for (const { traffic, tiles, flops } of [standard, flash]) {
          expect(traffic.buffers.o?.writeBytes).toBe(bytes(seqLenQ * headDimV));
          expect(flops.exact).toBe(2n * heads * BigInt(seen.pairs) * BigInt(headDim + headDimV));
          const perHead = { total: seen.total, skipped: seen.skipped, partial: seen.partial };
          for (const [name, count] of Object.entries(perHead)) {
            expect(tiles[name as keyof typeof perHead]).toBe(count * Number(heads));
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('are made of stages and buffers that sum to the totals', () => {
    fc.assert(
      fc.property(problems(), tileSizes, (problem, tile) => {
        for (const row of catalogue) {
          const { traffic, memory } = cost(row.id, problem, tile);
          expect(traffic.stages.map(({ name }) => name)).toEqual([...row.stages]);
          for (const field of ['readBytes', 'writeBytes', 'loads', 'stores'] as const) {
            const sum = (parts: { [key in typeof field]: bigint }[]) =>
              parts.reduce((total, part) => total + part[field], 0n);
            expect(sum(Object.values(traffic.buffers))).toBe(traffic[field]);
            expect(sum(traffic.stages)).toBe(traffic[field]);
          }
          expect(memory.buffers.reduce((total, { bytes }) => total + bytes, 0)).toBe(memory.peakBytes);
        }
      }),
    );
  });

  it('never undercut the bound in bytes', () => {
    fc.assert(
      fc.property(problems(), tileSizes, (problem, tile) => {
        const bound = boundTraffic(problem);
        for (const row of catalogue) {
          const { traffic } = cost(row.id, problem, tile);
          expect(traffic.readBytes).toBeGreaterThanOrEqual(bound.readBytes);
          expect(traffic.writeBytes).toBeGreaterThanOrEqual(bound.writeBytes);
        }
      }),
    );
  });

  it('stay exact beyond 2^53', () => {
    const n = 2 ** 20;
    const problem: Problem = {
      ...{ batch: 64, heads: 128, kvHeads: 128, seqLenQ: n, seqLenKv: n, headDim: 128, headDimV: 128 },
      ...{ dtype: 'f32', causal: false, seed: 1 },
    };
    const { traffic } = cost('standard', problem, { br: 64, bc: 32 });
    expect(traffic.buffers.s?.readBytes).toBe(3n * 64n * 128n * BigInt(n) * BigInt(n) * 4n);
    expect(traffic.buffers.s!.readBytes).toBeGreaterThan(BigInt(Number.MAX_SAFE_INTEGER));
  });

  it('keep no N x N buffer in flash2, and two in standard', () => {
    const problem: Problem = {
      ...{ batch: 1, heads: 8, kvHeads: 8, seqLenQ: 512, seqLenKv: 512, headDim: 64, headDimV: 64 },
      ...{ dtype: 'f32', causal: false, seed: 1 },
    };
    const memory = (id: string) => {
      const row = findAlgorithm(id)!;
      const tiling = chooseTiling(row, problem, guaranteedLimits);
      if (!tiling.ok) throw new Error(tiling.error);
      return row.cost(problem, tiling.value).memory;
    };
    const matrix = 8 * 512 * 512 * 4;
    expect(memory('flash2').buffers.every(({ bytes }) => bytes < matrix)).toBe(true);
    expect(memory('standard').buffers.filter(({ bytes }) => bytes === matrix)).toHaveLength(2);
  });
});
