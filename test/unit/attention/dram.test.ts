import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findAlgorithm } from '../../../src/attention/catalogue.ts';
import { boundTraffic } from '../../../src/attention/cost/bound.ts';
import { modelDram } from '../../../src/attention/dram/modelDram.ts';
import { replay } from '../../../src/attention/dram/replay.ts';
import type { Problem } from '../../../src/attention/problem.ts';
import type { Tally } from '../../../src/attention/traffic.ts';
import { plainProblem } from './arbitrary.ts';
import { type WalkCase, walkCases } from './walkCases.ts';

const fields = ['readBytes', 'writeBytes', 'loads', 'stores'] as const;
const infinite = Number.POSITIVE_INFINITY;
const residents = fc.integer({ min: 1, max: 40 });

function replayOf({ model, problem, tiling }: WalkCase, cacheBytes: number, room: number, symmetry: boolean) {
  const { accounts, complete, replayed } = replay({
    ...{ walk: model.walk, problem, tiling, cacheBytes, residentWorkgroups: room, symmetry },
    ...{ join: 1, heads: problem.batch * problem.heads, every: 1, limit: infinite },
  });
  expect(complete).toBe(true);
  return { accounts, replayed };
}

describe('modelled DRAM traffic', () => {
  it('is the exact traffic where there is no cache', () => {
    fc.assert(
      fc.property(walkCases(40), residents, ({ model, problem, tiling }, residentWorkgroups) => {
        const exact = model.cost(problem, tiling).traffic;
        const { traffic } = modelDram(model, problem, tiling, { cacheBytes: 0, residentWorkgroups });
        expect(traffic).toEqual({ ...exact, provenance: 'modelled' });
      }),
      { numRuns: 80 },
    );
  });

  it('reads and writes nothing twice where all fits the cache', () => {
    fc.assert(
      fc.property(walkCases(40), residents, ({ row, pass, model, problem, tiling }, residentWorkgroups) => {
        const { traffic } = modelDram(model, problem, tiling, { cacheBytes: infinite, residentWorkgroups });
        const memory = model.cost(problem, tiling).memory.buffers;
        // The kernels know both lists by the same name.
        const stored = (name: string) => (name === 'key_block_list' ? 'block_list' : name);
        const sizeOf = (name: string) => {
          const sizes = memory.filter((each) => stored(each.name) === name).map(({ bytes }) => bytes);
          return sizes.length > 0 ? sizes.reduce((sum, bytes) => sum + bytes, 0) : undefined;
        };
        for (const [name, { readBytes, writeBytes }] of Object.entries(traffic.buffers)) {
          const bytes = sizeOf(name);
          if (bytes === undefined) continue;
          expect(Number(readBytes)).toBeLessThanOrEqual(bytes);
          expect(Number(writeBytes)).toBeLessThanOrEqual(bytes);
        }
        const bound = boundTraffic(problem, pass).buffers;
        for (const name of ['q', 'k', 'v', 'dout', 'o', 'dq', 'dk', 'dv'] as const) {
          // Which keys and queries a sparse mask needs the bound does not know.
          if (problem.blockMask || !bound[name]) continue;
          const { readBytes, writeBytes } = traffic.buffers[name] ?? { readBytes: 0n, writeBytes: 0n };
          expect(writeBytes).toBe(bound[name].writeBytes);
          // A ring meets keys as `sent` too, and finds there what another device has read.
          if (!(row.id.startsWith('ring') && (name === 'k' || name === 'v'))) {
            expect(readBytes).toBeGreaterThanOrEqual(bound[name].readBytes);
          }
        }
      }),
      { numRuns: 80 },
    );
  });

  it('falls, or stays, as the cache grows', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 400_000 }), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(
        walkCases(40),
        residents,
        sizes,
        ({ model, problem, tiling }, residentWorkgroups, caches) => {
          let least: Tally | null = null;
          for (const cacheBytes of caches.sort((a, b) => b - a)) {
            const { traffic } = modelDram(model, problem, tiling, { cacheBytes, residentWorkgroups });
            if (least) {
              expect(traffic.readBytes).toBeGreaterThanOrEqual(least.readBytes);
              expect(traffic.writeBytes).toBeGreaterThanOrEqual(least.writeBytes);
            }
            least = traffic;
          }
        },
      ),
      { numRuns: 80 },
    );
  });

  it('has parts that sum to the totals', () => {
    fc.assert(
      fc.property(
        walkCases(40),
        fc.integer({ min: 0, max: 200_000 }),
        ({ model, problem, tiling }, bytes) => {
          const cache = { cacheBytes: bytes, residentWorkgroups: 7 };
          const { traffic } = modelDram(model, problem, tiling, cache);
          for (const field of fields) {
            const sum = (parts: Tally[]) => parts.reduce((total, part) => total + part[field], 0n);
            expect(sum(Object.values(traffic.buffers))).toBe(traffic[field]);
            expect(sum(traffic.stages)).toBe(traffic[field]);
            for (const stage of traffic.stages) expect(sum(Object.values(stage.buffers))).toBe(stage[field]);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('symmetry over batch and heads', () => {
  /** More heads than a period is likely to have. */
  const manyHeads = fc
    .tuple(walkCases(20), fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 12 }))
    .map(([each, batches, slices]): WalkCase => {
      const { problem } = each;
      if (problem.packed) return each;
      const batch = problem.batch * batches;
      const lengths = problem.lengths && Array.from({ length: batch }, (_, i) => problem.lengths![i % 2]!);
      if (lengths?.includes(undefined as never)) return each;
      const bias = problem.bias && { ...problem.bias, batch: problem.bias.batch === 1 ? 1 : batch };
      const scaled: Problem = { ...problem, batch, lengths, bias };
      const headsPerSlice = Math.min(batch * problem.heads, each.tiling.headsPerSlice * slices);
      return { ...each, problem: scaled, tiling: { ...each.tiling, headsPerSlice } };
    });

  it('gives what the full replay gives', () => {
    let skipped = 0;
    fc.assert(
      fc.property(
        manyHeads,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 0, max: 60_000 }),
        (each, room, bytes) => {
          const full = replayOf(each, bytes, room, false);
          const short = replayOf(each, bytes, room, true);
          expect(short.accounts).toEqual(full.accounts);
          expect(short.replayed).toBeLessThanOrEqual(full.replayed);
          if (short.replayed < full.replayed) skipped++;
        },
      ),
      { numRuns: 150 },
    );
    expect(skipped).toBeGreaterThan(5);
  });
});

describe('K and V of flash2', () => {
  const problem = plainProblem({ heads: 3, seqLenQ: 256, headDim: 16 });
  const tiling = { br: 16, bc: 16, dc: 16, splits: 1, headsPerSlice: 3 };
  const bytesOfHead = 256 * 16 * 4;
  const rowTiles = 16n;
  const read = (cacheBytes: number, residentWorkgroups: number) => {
    const model = findAlgorithm('flash2')!.forward;
    return modelDram(model, problem, tiling, { cacheBytes, residentWorkgroups }).traffic.buffers;
  };
  const once = 3n * BigInt(bytesOfHead);

  it('miss at every row of tiles where a cache is smaller than those of a head', () => {
    const { k, v } = read(1.9 * bytesOfHead, 1);
    expect(k?.readBytes).toBe(rowTiles * once);
    expect(v?.readBytes).toBe(rowTiles * once);
  });

  it('miss once for each head where the cache holds them beside a few rows', () => {
    const { k, v } = read(2.5 * bytesOfHead, 1);
    expect(k?.readBytes).toBe(once);
    expect(v?.readBytes).toBe(once);
  });

  it.each([2, 4, 8])('miss once for each wave of %i workgroups in lockstep', (residentWorkgroups) => {
    const { k, v } = read(1.5 * bytesOfHead, residentWorkgroups);
    expect(k?.readBytes).toBe((rowTiles * once) / BigInt(residentWorkgroups));
    expect(v?.readBytes).toBe((rowTiles * once) / BigInt(residentWorkgroups));
  });
});
