import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  algorithmPass,
  catalogue,
  chooseTiling,
  findAlgorithm,
} from '../../../../src/attention/catalogue.ts';
import { type DeviceLimits, guaranteedLimits } from '../../../../src/attention/limits.ts';
import { longestRun, longestSequence } from '../../../../src/attention/memory/longestSequence.ts';
import type { Pass, Problem } from '../../../../src/attention/problem.ts';
import { plainProblem } from '../arbitrary.ts';

describe('the longest sequence that fits', () => {
  it('is what trying every length finds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(50), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: -1, max: 1500 }),
        (steps, memory) => {
          let sum = 0;
          const bytes = steps.map((step) => {
            sum += step;
            return sum;
          });
          const tried = bytes.filter((size) => size <= memory).length;
          const bytesAt = (seqLen: number) => bytes[seqLen - 1] ?? Number.NaN;
          expect(longestSequence(memory, bytesAt, bytes.length)).toBe(tried);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('ends at the largest there is', () => {
    expect(longestSequence(1, () => 0, 1000)).toBe(1000);
    expect(longestSequence(1, () => 2, 1000)).toBe(0);
  });
});

/** Small enough that slices of heads change several times before nothing fits. */
const smallDevice: DeviceLimits = {
  ...guaranteedLimits,
  maxStorageBufferBindingSize: 48 * 1024,
  maxBufferSize: 128 * 1024,
};

const dense = catalogue.filter(({ id }) => id !== 'block-sparse-flash');

function longestOf(...question: Parameters<typeof longestRun>) {
  const run = longestRun(...question);
  if (!run.ok) throw new Error(run.error);
  return run.value;
}

describe('the longest run of our own algorithms', () => {
  const peakAt = (id: string, problem: Problem, limits: DeviceLimits, pass: Pass): number => {
    const row = findAlgorithm(id)!;
    const tiling = chooseTiling(row, problem, limits, {}, pass);
    if (!tiling.ok || tiling.value.headsPerSlice === 0) return Number.POSITIVE_INFINITY;
    return algorithmPass(row, pass).cost(problem, tiling.value).memory.peakBytes;
  };

  it('is what trying every length finds, sliced or not, for all of them', () => {
    let byMemory = 0;
    let byDevice = 0;
    fc.assert(
      fc.property(
        fc.record({
          batch: fc.integer({ min: 1, max: 3 }),
          kvHeads: fc.integer({ min: 1, max: 4 }),
          group: fc.integer({ min: 1, max: 2 }),
          headDim: fc.integer({ min: 8, max: 40 }),
          headDimV: fc.integer({ min: 8, max: 40 }),
          causal: fc.boolean(),
          grow: fc.constantFrom('both' as const, 'keys' as const),
          // Even in the logarithm.
          memory: fc.double({ min: 12, max: 22, noNaN: true }).map((power) => Math.round(2 ** power)),
        }),
        ({ group, memory, grow, causal, ...sizes }) => {
          const problem = plainProblem({
            ...sizes,
            heads: group * sizes.kvHeads,
            seqLenQ: 5,
            causal: causal && 'bottom-right',
          });
          for (const row of dense) {
            for (const pass of row.passes) {
              const run = longestOf(row, problem, smallDevice, memory, { pass, grow });
              // No tensor of more rows can be bound.
              const most = smallDevice.maxStorageBufferBindingSize / (8 * 4);
              let tried = 0;
              for (let seqLen = 1; seqLen <= Math.min(most, run.seqLen + 400); seqLen++) {
                const seqLenQ = grow === 'both' ? seqLen : problem.seqLenQ;
                const at = { ...problem, causal: false as const, seqLenQ, seqLenKv: seqLen };
                if (peakAt(row.id, at, smallDevice, pass) <= memory) tried = seqLen;
              }
              expect([row.id, pass, run.seqLen]).toEqual([row.id, pass, tried]);
              if (run.limitedBy === 'memory') byMemory++;
              if (run.limitedBy === 'device') byDevice++;
            }
          }
        },
      ),
      { numRuns: 12 },
    );
    expect(byMemory).toBeGreaterThan(0);
    expect(byDevice).toBeGreaterThan(0);
  }, 60_000);

  it('is found where more slices make a longer sequence need less', () => {
    const problem = plainProblem({ batch: 2, heads: 6, kvHeads: 3, seqLenQ: 1, headDim: 8, dtype: 'f16' });
    let falls = 0;
    for (const row of dense) {
      for (const pass of row.passes) {
        const peaks: number[] = [];
        for (let seqLen = 1; seqLen < 500; seqLen++) {
          const peak = peakAt(row.id, { ...problem, seqLenQ: seqLen, seqLenKv: seqLen }, smallDevice, pass);
          if (!Number.isFinite(peak)) break;
          peaks.push(peak);
        }
        const last = peaks.at(-1)!;
        for (const [index, peak] of peaks.entries()) {
          const before = peaks[index - 1] ?? 0;
          if (before <= peak) continue;
          falls++;
          for (const memory of [peak, before - 1].filter((size) => size < last)) {
            const tried = peaks.findLastIndex((size) => size <= memory) + 1;
            const { seqLen } = longestOf(row, problem, smallDevice, memory, { pass });
            expect([row.id, pass, memory, seqLen]).toEqual([row.id, pass, memory, tried]);
          }
        }
      }
    }
    expect(falls).toBeGreaterThan(50);
  });

  it('needs no mask to be known: memory is the same with one', () => {
    const plain = plainProblem({ batch: 2, heads: 4, kvHeads: 2, seqLenQ: 300, headDim: 32 });
    const masks: Partial<Problem>[] = [
      { causal: 'bottom-right' },
      { causal: 'top-left', window: { left: 20, right: null } },
      { lengths: [300, 17] },
    ];
    for (const row of dense) {
      for (const pass of row.passes) {
        for (const mask of masks) {
          const masked = peakAt(row.id, { ...plain, ...mask }, guaranteedLimits, pass);
          expect(masked).toBe(peakAt(row.id, plain, guaranteedLimits, pass));
        }
      }
    }
  });

  it('is refused where there is no answer', () => {
    const problem = plainProblem({ heads: 2, seqLenQ: 64, headDim: 32 });
    const ask = (id: string, own: Partial<Problem>, pass: Pass = 'forward') =>
      longestRun(findAlgorithm(id)!, { ...problem, ...own }, guaranteedLimits, 1e9, { pass });
    expect(ask('block-sparse-flash', { blockMask: { kind: 'local', width: 2 } })).toMatchObject({
      error: expect.stringContaining('list of blocks'),
    });
    expect(ask('flash-decoding', {}, 'backward')).toMatchObject({
      error: expect.stringContaining('no backward pass'),
    });
  });

  it('is longer for flash than for standard attention in the same memory', () => {
    const large = { ...guaranteedLimits, maxStorageBufferBindingSize: 2 ** 31, maxBufferSize: 2 ** 32 };
    const problem = plainProblem({ heads: 16, seqLenQ: 1, headDim: 64, dtype: 'f16' });
    const longest = (id: string) => longestOf(findAlgorithm(id)!, problem, large, 8e9);
    expect(longest('flash2').seqLen).toBeGreaterThan(20 * longest('standard').seqLen);
    expect(longest('flash2').bytes).toBeLessThanOrEqual(8e9);
  });
});
