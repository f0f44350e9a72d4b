import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundTraffic } from '../../../src/attention/cost/bound.ts';
import { flash1ForwardTraffic, standardForwardTraffic } from '../../../src/attention/literature/accounts.ts';
import { cacheRegime, onChipElements, theory } from '../../../src/attention/theory.ts';
import { plainProblem, problems } from './arbitrary.ts';

const square = plainProblem({ heads: 1, seqLenQ: 4096, headDim: 64 });
const [n, d] = [4096, 64];

describe('orders of HBM accesses', () => {
  it('are those of the theorems where the sizes are equal', () => {
    const onChip = 50_000;
    const { perHead } = theory(square, onChip);
    expect(perHead.standard).toMatchObject({ order: 'N d + N^2', elements: n * d + n * n });
    expect(perHead.flash).toMatchObject({ order: 'N^2 d^2 / M', elements: (n * n * d * d) / onChip });
    expect(perHead.lowerBound.elements).toBe(perHead.flash.elements);
    const { lowerBound } = theory(square, onChip, 'backward').perHead;
    expect(lowerBound.elements).toBeCloseTo((n * n * d * d + n * d ** 3) / onChip, 6);
  });

  it('change from square blocks to flash where M is d^2, from flash to N d where a head fits', () => {
    const at = (onChip: number) => theory(square, onChip);
    expect(at(d - 1).regime).toBe('below-head-dim');
    expect(at(d * d - 1)).toMatchObject({
      regime: 'small-cache',
      perHead: { lowerBound: { order: 'N^2 d / sqrt(M)' } },
    });
    expect(at(d * d)).toMatchObject({
      regime: 'large-cache',
      perHead: { lowerBound: { order: 'N^2 d^2 / M' } },
    });
    expect(at(n * d)).toMatchObject({ regime: 'all-fits', perHead: { flash: { elements: n * d } } });
    // At M = d^2 the two meet.
    const { elements } = at(d * d).perHead.lowerBound;
    expect(elements).toBeCloseTo((n * n * d) / Math.sqrt(d * d), 3);
  });

  it('know which GPUs have a small cache for a head dimension of 256', () => {
    const wide = plainProblem({ heads: 1, seqLenQ: 4096, headDim: 256, dtype: 'f16' });
    const regime = (kib: number) => cacheRegime(wide, onChipElements(kib * 1024, 'f16'));
    expect(regime(164)).toBe('large-cache'); // A100
    expect(regime(128)).toBe('large-cache');
    expect(regime(100)).toBe('small-cache'); // consumer Ampere and Ada
    expect(regime(64)).toBe('small-cache'); // T4
    const usual = { ...wide, headDim: 128, headDimV: 128 };
    expect(cacheRegime(usual, onChipElements(48 * 1024, 'f16'))).toBe('large-cache');
  });

  it('never cross: the lower bound is at most flash, and at least N d; more memory never costs', () => {
    fc.assert(
      fc.property(
        problems(90),
        fc.integer({ min: 1, max: 1e6 }),
        fc.constantFrom('forward' as const, 'backward' as const),
        (shape, onChip, pass) => {
          const { perHead, total } = theory(shape, onChip, pass);
          const mean = ((shape.seqLenQ + shape.seqLenKv) / 2) * ((shape.headDim + shape.headDimV) / 2);
          const slack = 1 + 1e-12;
          expect(perHead.lowerBound.elements).toBeGreaterThanOrEqual(mean);
          if (pass === 'forward') {
            expect(perHead.lowerBound.elements).toBeLessThanOrEqual(perHead.flash.elements * slack);
          }
          const more = theory(shape, 2 * onChip, pass).perHead;
          expect(more.flash.elements).toBeLessThanOrEqual(perHead.flash.elements);
          expect(more.lowerBound.elements).toBeLessThanOrEqual(perHead.lowerBound.elements);
          expect(total.standard.elements).toBe(perHead.standard.elements * shape.batch * shape.heads);
        },
      ),
    );
  });

  it('say the same as the accounts, which have the constants, as the length doubles', () => {
    const long = (seqLen: number) => plainProblem({ heads: 1, seqLenQ: seqLen, headDim: 64, dtype: 'f16' });
    const steps = { mask: false, dropout: false, separateScale: false };
    const flash = (seqLen: number) =>
      Number(flash1ForwardTraffic(long(seqLen), { bc: 128, count: 'figure', statistics: false }).bytes);
    const standard = (seqLen: number) => Number(standardForwardTraffic(long(seqLen), steps).bytes);
    const orders = (seqLen: number) => theory(long(seqLen), 4 * 128 * 64).perHead;
    const growth = (of: (seqLen: number) => number) => of(2 ** 18) / of(2 ** 17);
    expect(growth(flash)).toBeCloseTo(
      growth((seqLen) => orders(seqLen).flash.elements),
      2,
    );
    expect(growth(standard)).toBeCloseTo(
      growth((seqLen) => orders(seqLen).standard.elements),
      2,
    );
  });

  it('count what is compulsory as the bound of the whole problem does', () => {
    fc.assert(
      fc.property(problems(60), fc.constantFrom('forward' as const, 'backward' as const), (any, pass) => {
        const { seqLenQ, seqLenKv, batch, heads, kvHeads, headDim, headDimV } = any;
        const sizes = { batch, heads, kvHeads, headDim: 4 * headDim, headDimV: 4 * headDimV };
        const problem = { ...plainProblem({ ...sizes, seqLenQ, seqLenKv, dtype: 'f32' }), ...sizes };
        const { readBytes, writeBytes } = boundTraffic(problem, pass);
        expect(4 * theory(problem, 1000, pass).total.compulsory.elements).toBe(
          Number(readBytes + writeBytes),
        );
      }),
    );
  });

  it('refuse a chip without memory', () => {
    expect(() => theory(square, 0)).toThrow(/at least one element/);
  });
});
