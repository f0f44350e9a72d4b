import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { algorithmPass, catalogue, chooseTiling, findAlgorithm } from '../../../src/attention/catalogue.ts';
import { boundTraffic } from '../../../src/attention/cost/bound.ts';
import { guaranteedLimits } from '../../../src/attention/limits.ts';
import { visibleRange } from '../../../src/attention/mask.ts';
import type { Pass, Problem } from '../../../src/attention/problem.ts';
import { rowLayout } from '../../../src/attention/storage.ts';
import { unsupported } from '../../../src/attention/support.ts';
import { plainProblem, problems, tileSizes } from './arbitrary.ts';

const tilingOf = (tile: { br: number; bc: number }) => ({
  ...tile,
  dc: tile.bc,
  splits: 1,
  headsPerSlice: 1,
});
const costOf = (id: string, problem: Problem, tile: { br: number; bc: number }, pass: Pass = 'forward') =>
  algorithmPass(findAlgorithm(id)!, pass).cost(problem, tilingOf(tile));

/** Walks the batch entries of one head tile by tile, as the kernels do, and counts rows and pairs. */
function walk(problem: Problem, br: number, bc: number) {
  const { batch: entries, seqLenQ, seqLenKv } = problem;
  const seen = { qPerTile: 0, qPerRow: 0, keys: 0, pairs: 0, total: 0, skipped: 0, partial: 0 };
  for (let batch = 0; batch < entries; batch++) {
    for (let row = 0; row < seqLenQ; row += br) {
      const rows = Math.min(br, seqLenQ - row);
      let walked = 0;
      for (let key = 0; key < seqLenKv; key += bc) {
        const end = Math.min(seqLenKv, key + bc);
        const keysSeen = new Set<number>();
        let pairs = 0;
        for (let r = row; r < row + rows; r++) {
          const range = visibleRange(problem, batch, r);
          for (let k = Math.max(key, range.start); k < Math.min(end, range.end); k++) {
            keysSeen.add(k);
            pairs++;
          }
        }
        seen.total++;
        if (pairs === 0) seen.skipped++;
        else if (pairs < rows * keysSeen.size) seen.partial++;
        if (pairs > 0) {
          seen.qPerTile += rows;
          seen.keys += keysSeen.size;
          walked++;
        }
        seen.pairs += pairs;
      }
      if (walked > 0) seen.qPerRow += rows;
    }
  }
  return seen;
}

describe('exact costs of standard and flash2, forward', () => {
  it('equal a walk over the tiles, row by row and pair by pair', () => {
    fc.assert(
      fc.property(problems(50), tileSizes, (problem, tile) => {
        const seen = walk(problem, tile.br, tile.bc);
        const { batch, heads, headDim, headDimV, seqLenQ, dtype } = problem;
        const rows = (count: number, width: number) =>
          BigInt(heads) * BigInt(count) * BigInt(rowLayout(dtype, width).bytes);
        const single = (count: number) => BigInt(heads) * BigInt(count) * 4n;
        const standard = costOf('standard', problem, tile);
        const flash = costOf('flash2', problem, tile);
        expect(standard.traffic.buffers.q?.readBytes).toBe(rows(seen.qPerTile, headDim));
        expect(standard.traffic.buffers.k?.readBytes).toBe(rows(seen.keys, headDim));
        expect(standard.traffic.buffers.v?.readBytes).toBe(rows(seen.keys, headDimV));
        expect(standard.traffic.buffers.s?.readBytes).toBe(single(3 * seen.pairs));
        expect(standard.traffic.buffers.s?.writeBytes).toBe(single(seen.pairs));
        expect(standard.traffic.buffers.p?.readBytes).toBe(single(seen.pairs));
        expect(standard.traffic.buffers.p?.writeBytes).toBe(single(seen.pairs));
        expect(flash.traffic.buffers.q?.readBytes).toBe(rows(seen.qPerRow, headDim));
        expect(flash.traffic.buffers.k?.readBytes).toBe(rows(seen.keys, headDim));
        expect(flash.traffic.buffers.v?.readBytes).toBe(rows(seen.keys, headDimV));
        expect(flash.traffic.buffers.lse?.writeBytes).toBe(single(batch * seqLenQ));
        for (const { traffic, tiles, flops } of [standard, flash]) {
          expect(traffic.buffers.o?.writeBytes).toBe(rows(batch * seqLenQ, headDimV));
          expect(traffic.buffers.bias?.readBytes).toBe(problem.bias ? single(seen.pairs) : undefined);
          expect(flops.exact).toBe(2n * BigInt(heads) * BigInt(seen.pairs) * BigInt(headDim + headDimV));
          expect(tiles.total).toBe(seen.total * heads);
          expect(tiles.skipped).toBe(seen.skipped * heads);
          expect(tiles.partial).toBe(seen.partial * heads);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('exact costs of every algorithm and pass', () => {
  const each = (
    check: (id: string, pass: Pass, problem: Problem, tile: { br: number; bc: number }) => void,
  ) =>
    fc.assert(
      fc.property(problems(60), tileSizes, (problem, tile) => {
        for (const row of catalogue) {
          for (const pass of row.passes) {
            if (unsupported(row, problem, pass) === null) check(row.id, pass, problem, tile);
          }
        }
      }),
      { numRuns: 60 },
    );

  it('are made of stages and buffers that sum to the totals', () => {
    each((id, pass, problem, tile) => {
      const { traffic, memory } = costOf(id, problem, tile, pass);
      const stages: readonly string[] = algorithmPass(findAlgorithm(id)!, pass).stages;
      for (const { name } of traffic.stages) expect(stages).toContain(name);
      for (const field of ['readBytes', 'writeBytes', 'loads', 'stores'] as const) {
        const sum = (parts: { [key in typeof field]: bigint }[]) =>
          parts.reduce((total, part) => total + part[field], 0n);
        expect(sum(Object.values(traffic.buffers))).toBe(traffic[field]);
        expect(sum(traffic.stages)).toBe(traffic[field]);
      }
      expect(memory.buffers.reduce((total, { bytes }) => total + bytes, 0)).toBe(memory.peakBytes);
    });
  });

  it('never undercut the bound in bytes', () => {
    each((id, pass, problem, tile) => {
      const bound = boundTraffic(problem, pass);
      const { traffic } = costOf(id, problem, tile, pass);
      expect(traffic.writeBytes).toBeGreaterThanOrEqual(bound.writeBytes);
      // A sparse mask of blocks reads less than the dense problem needs.
      if (problem.blockMask === null) expect(traffic.readBytes).toBeGreaterThanOrEqual(bound.readBytes);
    });
  });
});

describe('exact costs', () => {
  it('stay exact beyond 2^53', () => {
    const n = 2 ** 20;
    const problem = plainProblem({ batch: 64, heads: 128, seqLenQ: n, headDim: 128 });
    const { traffic } = costOf('standard', problem, { br: 64, bc: 32 });
    expect(traffic.buffers.s?.readBytes).toBe(3n * 64n * 128n * BigInt(n) * BigInt(n) * 4n);
    expect(traffic.buffers.s!.readBytes).toBeGreaterThan(BigInt(Number.MAX_SAFE_INTEGER));
  });

  it('keep no N x N buffer in flash2, and two in standard', () => {
    const problem = plainProblem({ heads: 8, seqLenQ: 512, headDim: 64 });
    const memory = (id: string) => {
      const row = findAlgorithm(id)!;
      const tiling = chooseTiling(row, problem, guaranteedLimits);
      if (!tiling.ok) throw new Error(tiling.error);
      return row.forward.cost(problem, tiling.value).memory;
    };
    const matrix = 8 * 512 * 512 * 4;
    expect(memory('flash2').buffers.every(({ bytes }) => bytes < matrix)).toBe(true);
    expect(memory('standard').buffers.filter(({ bytes }) => bytes === matrix)).toHaveLength(2);
  });
});
