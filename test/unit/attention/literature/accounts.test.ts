import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flash1Backward, flash1Forward } from '../../../../src/attention/cost/flash1.ts';
import { flash2Forward } from '../../../../src/attention/cost/flash2.ts';
import {
  accountUnits,
  compulsoryTraffic,
  flash1BackwardTraffic,
  flash1ForwardTraffic,
  flash2BackwardTraffic,
  flash2ForwardTraffic,
  matmulFlops,
  standardBackwardTraffic,
  standardForwardTraffic,
  type TrafficAccount,
} from '../../../../src/attention/literature/accounts.ts';
import { visibleRange } from '../../../../src/attention/mask.ts';
import type { Problem } from '../../../../src/attention/problem.ts';
import type { Provenance } from '../../../../src/attention/provenance.ts';
import { plainProblem, problems } from '../arbitrary.ts';

/** The workload of FlashAttention's Figure 2: u is 128 MiB and A is 16 u. */
const figure2 = plainProblem({ batch: 64, heads: 16, seqLenQ: 1024, headDim: 64, dtype: 'f16' });
const u = 134_217_728n;

const inU = ({ bytes }: TrafficAccount<Provenance>) => Number(bytes) / Number(u);
const plain = { mask: false, dropout: false, separateScale: false };
const plainBackward = { maskPasses: 0, dropout: false, separateScale: false } as const;
const figure = (bc: number) => ({ bc, count: 'figure', statistics: false }) as const;
const literal = (bc: number) => ({ bc, count: 'literal', statistics: false }) as const;

describe('accounts of the Figure 2 workload', () => {
  it('have the units of the paper', () => {
    expect(accountUnits(figure2)).toMatchObject({ q: u, k: u, v: u, o: u, matrix: 16n * u });
  });

  it('count Algorithms 0 and 3 as 4A + 4u and 7A + 8u', () => {
    expect(inU(standardForwardTraffic(figure2, plain))).toBe(4 * 16 + 4);
    expect(inU(standardBackwardTraffic(figure2, plainBackward))).toBe(7 * 16 + 8);
  });

  it('count mask, dropout and scale by the passes that they make over a matrix', () => {
    const forward = (steps: Partial<typeof plain>) =>
      (inU(standardForwardTraffic(figure2, { ...plain, ...steps })) - 4) / 16;
    const backward = (steps: Partial<Parameters<typeof standardBackwardTraffic>[1]>) =>
      (inU(standardBackwardTraffic(figure2, { ...plainBackward, ...steps })) - 8) / 16;
    expect(forward({ mask: true })).toBe(6);
    expect(forward({ dropout: true })).toBe(6.5);
    expect(forward({ separateScale: true })).toBe(6);
    expect(forward({ mask: true, dropout: true, separateScale: true })).toBe(10.5);
    expect(backward({ maskPasses: 2 })).toBe(9);
    expect(backward({ maskPasses: 4 })).toBe(11);
    expect(backward({ dropout: true })).toBe(9.5);
    expect(backward({ separateScale: true })).toBe(9);
  });

  it('count FlashAttention as (3 Tc + 1) u and (4 Tc + 4) u, literally one u more for each block', () => {
    for (const bc of [64, 128, 256, 512, 1024]) {
      const tc = 1024 / bc;
      expect(inU(flash1ForwardTraffic(figure2, figure(bc)))).toBe(3 * tc + 1);
      expect(inU(flash1BackwardTraffic(figure2, figure(bc)))).toBe(4 * tc + 4);
      expect(inU(flash1ForwardTraffic(figure2, literal(bc)))).toBe(3 * tc + 2);
      expect(inU(flash1BackwardTraffic(figure2, literal(bc)))).toBe(5 * tc + 4);
    }
  });

  it('take off what a causal mask skips: 8.5u and 14u for four blocks', () => {
    const causal = { ...figure2, causal: 'bottom-right' as const };
    expect(inU(flash1ForwardTraffic(causal, figure(256)))).toBe(8.5);
    expect(inU(flash1BackwardTraffic(causal, figure(256)))).toBe(14);
  });

  it('bound what must move by 4u and 7u', () => {
    expect(inU(compulsoryTraffic(figure2, 'forward'))).toBe(4);
    expect(inU(compulsoryTraffic(figure2, 'backward'))).toBe(7);
  });

  it('count 825 and 962 GFLOP of matrix products', () => {
    const gflops = (algorithm: 'standard' | 'flash') =>
      Number(matmulFlops(figure2, algorithm, 'forward') + matmulFlops(figure2, algorithm, 'backward')) / 1e9;
    expect(gflops('standard')).toBeCloseTo(824.6, 1);
    expect(gflops('flash')).toBeCloseTo(962.1, 1);
  });
});

/** Sizes that tiles divide, or not; square and not; every kind of causal mask. */
const causalShapes = fc
  .record({
    seqLenQ: fc.integer({ min: 1, max: 200 }),
    seqLenKv: fc.integer({ min: 1, max: 200 }),
    heads: fc.integer({ min: 1, max: 3 }),
    headDim: fc.integer({ min: 1, max: 16 }).map((n) => 4 * n),
    headDimV: fc.integer({ min: 1, max: 16 }).map((n) => 4 * n),
    causal: fc.constantFrom(false as const, 'bottom-right' as const, 'top-left' as const),
    dtype: fc.constantFrom('f32' as const, 'f16' as const),
  })
  .map((sizes) => plainProblem({ ...sizes, batch: 2 }));
const blocks = fc.integer({ min: 1, max: 12 }).map((n) => 4 * n);
const tiling = (br: number, bc: number) => ({ br, bc, dc: bc, splits: 1, headsPerSlice: 1 });

describe('accounts beside the exact traffic of our own algorithms', () => {
  /** Tiles of one row each see what rows see, so that the two count alike for any sizes. */
  it('agree with flash1, statistics included, forward and backward', () => {
    fc.assert(
      fc.property(causalShapes, blocks, (problem, bc) => {
        const rule = { bc, count: 'figure', statistics: true } as const;
        const forward = flash1Forward.cost(problem, tiling(1, bc)).traffic;
        const backward = flash1Backward.cost(problem, tiling(1, bc)).traffic;
        // Ours leaves keys that no row sees alone, and writes rows that see none once; backward alike.
        fc.pre(seesAll(problem));
        expect(flash1ForwardTraffic(problem, rule).bytes).toBe(forward.readBytes + forward.writeBytes);
        expect(flash1BackwardTraffic(problem, rule).bytes).toBe(backward.readBytes + backward.writeBytes);
      }),
      { numRuns: 300 },
    );
  });

  it('agree with flash1 at its own tiles where they divide the sizes', () => {
    for (const causal of [false, 'bottom-right'] as const) {
      const problem = plainProblem({ batch: 2, heads: 3, seqLenQ: 1024, headDim: 64, dtype: 'f16', causal });
      for (const bc of [32, 64, 128]) {
        const { traffic } = flash1Forward.cost(problem, tiling(32, bc));
        const tensors = ['q', 'k', 'v', 'o'].map((name) => traffic.buffers[name]!);
        const bytes = tensors.reduce((sum, { readBytes, writeBytes }) => sum + readBytes + writeBytes, 0n);
        expect(flash1ForwardTraffic(problem, figure(bc)).bytes).toBe(bytes);
      }
    }
  });

  it('agree with flash2, forward, where no cache serves anything', () => {
    fc.assert(
      fc.property(causalShapes, blocks, (problem, br) => {
        fc.pre(seesAll(problem));
        const { traffic } = flash2Forward.cost(problem, tiling(br, 4));
        expect(flash2ForwardTraffic(problem, { br, missRatio: 1 }).bytes).toBe(
          traffic.readBytes + traffic.writeBytes,
        );
      }),
      { numRuns: 300 },
    );
  });
});

/** Every key is seen by a row, and every row sees a key. */
function seesAll(problem: Problem): boolean {
  const first = visibleRange(problem, 0, 0);
  const last = visibleRange(problem, 0, problem.seqLenQ - 1);
  return first.end > first.start && last.end === problem.seqLenKv;
}

describe('every account', () => {
  it('is the sum of its steps, and no less than the compulsory traffic without a mask', () => {
    fc.assert(
      fc.property(problems(60), blocks, (any, block) => {
        const problem = { ...any, causal: false as const };
        const rule = figure(block);
        const miss = { br: block, bc: block, missRatio: 0.3 };
        const forward = [
          standardForwardTraffic(problem, plain),
          flash1ForwardTraffic(problem, rule),
          flash1ForwardTraffic(problem, literal(block)),
          flash2ForwardTraffic(problem, miss),
        ];
        const backward = [
          standardBackwardTraffic(problem, plainBackward),
          flash1BackwardTraffic(problem, rule),
          flash1BackwardTraffic(problem, literal(block)),
          flash2BackwardTraffic(problem, miss),
        ];
        for (const { bytes, stages } of [...forward, ...backward]) {
          expect(stages.reduce((sum, step) => sum + step.readBytes + step.writeBytes, 0n)).toBe(bytes);
        }
        for (const { bytes } of forward) {
          expect(bytes).toBeGreaterThanOrEqual(compulsoryTraffic(problem, 'forward').bytes);
        }
        for (const { bytes } of backward) {
          expect(bytes).toBeGreaterThanOrEqual(compulsoryTraffic(problem, 'backward').bytes);
        }
      }),
    );
  });
});

describe('the account of FlashAttention-2', () => {
  const rowStatistic = accountUnits(figure2).rowStatistic;

  it('is 4u and the log-sum-exp forward, 15u and three backward, where the cache serves all', () => {
    expect(flash2ForwardTraffic(figure2, { br: 128, missRatio: 0 }).bytes).toBe(4n * u + rowStatistic);
    const backward = flash2BackwardTraffic(figure2, { bc: 128, missRatio: 0 }).bytes;
    expect(backward - 15n * u).toBe(3n * rowStatistic);
  });

  it('lies between the two ends for a share of misses', () => {
    fc.assert(
      fc.property(
        problems(60),
        blocks,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (problem, block, miss) => {
          for (const of of [
            (missRatio: number) => flash2ForwardTraffic(problem, { br: block, missRatio }).bytes,
            (missRatio: number) => flash2BackwardTraffic(problem, { bc: block, missRatio }).bytes,
          ]) {
            expect(of(miss)).toBeGreaterThanOrEqual(of(0));
            expect(of(miss)).toBeLessThanOrEqual(of(1));
          }
        },
      ),
    );
  });

  it('refuses a share that is none', () => {
    expect(() => flash2ForwardTraffic(figure2, { br: 128, missRatio: 1.5 })).toThrow(/from 0 to 1/);
  });
});
