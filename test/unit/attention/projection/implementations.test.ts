import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flash2Forward } from '../../../../src/attention/cost/flash2.ts';
import { gpuTable } from '../../../../src/attention/devices/table.ts';
import {
  flash2BackwardTraffic,
  standardBackwardTraffic,
  standardForwardTraffic,
} from '../../../../src/attention/literature/accounts.ts';
import { visiblePairs } from '../../../../src/attention/mask.ts';
import { passes } from '../../../../src/attention/problem.ts';
import { splitsOf } from '../../../../src/attention/projection/implementations/flashDecoding.ts';
import {
  implementations,
  projectImplementation,
} from '../../../../src/attention/projection/implementations.ts';
import { stagesOfCost } from '../../../../src/attention/projection/ofCost.ts';
import type { ProjectedStage } from '../../../../src/attention/projection/projection.ts';
import { plainProblem, problems } from '../arbitrary.ts';

const gpu = (id: string) => gpuTable.find((row) => row.id === id)!;
const called = (id: string) => implementations.find((row) => row.id === id)!;
const sum = (stages: readonly ProjectedStage[], of: (stage: ProjectedStage) => bigint) =>
  stages.reduce((all, stage) => all + of(stage), 0n);
const bytes = (stages: readonly ProjectedStage[]) => sum(stages, (stage) => stage.bytes);
const flops = (stages: readonly ProjectedStage[]) => sum(stages, (stage) => stage.matmulFlops);

describe('published implementations', () => {
  it('give a time with its range or one line on every GPU, for any problem', () => {
    fc.assert(
      fc.property(
        problems(300),
        fc.constantFrom(...implementations),
        fc.constantFrom(...passes),
        fc.constantFrom(...gpuTable),
        (problem, implementation, pass, on) => {
          const result = projectImplementation(implementation, problem, pass, on);
          if (!result.ok) {
            expect(result.error).toMatch(/\w/);
            expect(result.error).not.toContain('\n');
            return;
          }
          const { ms, lowMs, highMs, assumptions } = result.value;
          expect(0 < lowMs && lowMs <= ms && ms <= highMs && Number.isFinite(highMs)).toBe(true);
          expect(assumptions.length).toBeGreaterThan(3);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('compute at least what is visible, and whole tiles', () => {
    fc.assert(
      fc.property(problems(300), fc.constantFrom(...implementations), (problem, implementation) => {
        const on = gpu('h100-sxm');
        const fits = { ...problem, dtype: 'f16' as const };
        if (implementation.unsupported(fits, 'forward', on) !== null) return;
        const least = 2n * BigInt(fits.heads * (fits.headDim + fits.headDimV)) * BigInt(visiblePairs(fits));
        expect(flops(implementation.stages(fits, 'forward', on))).toBeGreaterThanOrEqual(least);
      }),
    );
    // 512 rows in tiles of 192 x 192 are 576 x 576.
    const one = plainProblem({ heads: 1, seqLenQ: 512, headDim: 64, dtype: 'f16' });
    const [stage] = called('flash-attention-3').stages(one, 'forward', gpu('h100-sxm'));
    expect(stage).toMatchObject({
      matmulFlops: 4n * 576n * 576n * 64n,
      exponentials: 576n * 576n,
      workgroups: 3,
    });
  });

  it('move what the accounts of the papers say', () => {
    const problem = plainProblem({
      batch: 2,
      heads: 3,
      seqLenQ: 256,
      headDim: 64,
      dtype: 'f16',
      dropout: 0.1,
    });
    const eager = called('pytorch-eager');
    const steps = { mask: false, dropout: true, separateScale: false };
    const on = gpu('a100-80gb-sxm');
    expect(bytes(eager.stages(problem, 'forward', on))).toBe(standardForwardTraffic(problem, steps).bytes);
    expect(bytes(eager.stages(problem, 'backward', on))).toBe(
      standardBackwardTraffic(problem, { maskPasses: 0, dropout: true, separateScale: false }).bytes,
    );
    expect(bytes(called('flash-attention-2').stages(problem, 'backward', on))).toBe(
      flash2BackwardTraffic(problem, { bc: 128, missRatio: 0 }).bytes,
    );
  });

  it('of PyTorch repeat K and V for every query head of a group', () => {
    const grouped = plainProblem({ heads: 8, kvHeads: 2, seqLenQ: 128, headDim: 64, dtype: 'f16' });
    const whole = { ...grouped, kvHeads: 8 };
    const eager = called('pytorch-eager');
    const u = 128n * 64n * 2n;
    const extra =
      bytes(eager.stages(grouped, 'forward', gpu('l4'))) - bytes(eager.stages(whole, 'forward', gpu('l4')));
    expect(extra).toBe(2n * (2n + 8n) * u);
  });

  it('of PyTorch multiply f32 on the ordinary units', () => {
    const half = plainProblem({ batch: 4, heads: 16, seqLenQ: 2048, headDim: 128, dtype: 'f16' });
    const ms = (dtype: 'f16' | 'f32') => {
      const result = projectImplementation(called('pytorch-eager'), { ...half, dtype }, 'forward', gpu('t4'));
      if (!result.ok) throw new Error(result.error);
      return result.value.stages.find(({ stage }) => stage === 'scores')!.parts.matmulMs;
    };
    expect(ms('f32') / ms('f16')).toBeCloseTo(65 / 8.1, 6);
  });

  it('run where they were released for', () => {
    const problem = plainProblem({ heads: 8, seqLenQ: 1024, headDim: 64, dtype: 'f16' });
    const error = (id: string, on: string, pass: 'forward' | 'backward' = 'forward') => {
      const result = projectImplementation(called(id), problem, pass, gpu(on));
      return result.ok ? null : result.error;
    };
    expect(error('flash-attention-3', 'h200-sxm')).toBeNull();
    expect(error('flash-attention-3', 'a100-80gb-sxm')).toMatch(/Hopper alone/);
    expect(error('flash-attention-4', 'gb200')).toBeNull();
    expect(error('flash-attention-4', 'rtx-5090')).toMatch(/server Blackwell alone/);
    expect(error('flash-attention-3', 'h100-sxm', 'backward')).toMatch(/backward pass is not modelled/);
  });
});

describe('splits of decoding', () => {
  it('are one where the device is full, or the keys are few; else the fewest that fill it well', () => {
    expect(splitsOf(128, 100, 108)).toBe(1);
    expect(splitsOf(2, 4, 108)).toBe(1);
    expect(splitsOf(2, 512, 108)).toBe(46);
    expect(splitsOf(2, 512, null)).toBe(1);
  });

  it('fill 85% of the best there is, and none fewer does', () => {
    const efficiency = (workgroups: number) => {
      const waves = workgroups / 132;
      return waves / Math.ceil(waves);
    };
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 105 }),
        fc.integer({ min: 5, max: 2000 }),
        (workgroups, blocks) => {
          const chosen = splitsOf(workgroups, blocks, 132);
          const all = Array.from({ length: Math.min(128, blocks) }, (_, i) =>
            efficiency(workgroups * (i + 1)),
          );
          const enough = 0.85 * Math.max(...all);
          expect(all.findIndex((value) => value >= enough) + 1).toBe(chosen);
        },
      ),
    );
  });
});

describe('stages of our own plans', () => {
  it('have the work and the bytes of their cost', () => {
    const problem = plainProblem({ heads: 4, seqLenQ: 96, headDim: 32 });
    const tiling = { br: 32, bc: 32, dc: 32, splits: 1, headsPerSlice: 4 };
    const cost = flash2Forward.cost(problem, tiling);
    const [stage, ...rest] = stagesOfCost(cost, { residentPerMultiprocessor: 3 });
    expect(rest).toEqual([]);
    expect(stage).toMatchObject({ matmulFlops: cost.flops.exact, residentPerMultiprocessor: 3 });
    expect(stage!.bytes).toBe(cost.traffic.readBytes + cost.traffic.writeBytes);
    expect(stagesOfCost(cost, { bytesOf: () => 7n })[0]!.bytes).toBe(7n);
  });
});
