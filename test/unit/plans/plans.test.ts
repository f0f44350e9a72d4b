import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { catalogue, findAlgorithm } from '../../../src/attention/catalogue.ts';
import { type DeviceLimits, guaranteedLimits } from '../../../src/attention/limits.ts';
import type { Problem } from '../../../src/attention/problem.ts';
import { planBuilders } from '../../../src/plans/algorithms.generated.ts';
import { linkPlan } from '../../../src/plans/link.ts';
import type { Plan } from '../../../src/plans/plan.ts';
import { planFor } from '../../../src/plans/planFor.ts';
import { problems } from '../attention/arbitrary.ts';

const smallBindings: DeviceLimits = {
  ...guaranteedLimits,
  maxStorageBufferBindingSize: 262_144,
  maxBufferSize: 16_777_216,
};

function planOrThrow(id: string, problem: Problem, limits: DeviceLimits): Plan {
  const result = planFor(findAlgorithm(id)!, problem, limits);
  if (!result.ok) throw new Error(result.reason);
  return result.plan;
}

describe('plans', () => {
  it('exist for every row of the catalogue, and only for those', () => {
    expect(Object.keys(planBuilders).sort()).toEqual(catalogue.map(({ id }) => id).sort());
  });

  it('bind inside their buffers, aligned, under the limits, and take each head once per stage', () => {
    fc.assert(
      fc.property(problems(100), fc.constantFrom(guaranteedLimits, smallBindings), (problem, limits) => {
        for (const { id, stages } of catalogue) {
          const plan = planOrThrow(id, problem, limits);
          const size = (name: string) => plan.buffers.find((buffer) => buffer.name === name)!.bytes;
          for (const { bindings } of plan.dispatches) {
            for (const { offset, size: bound, buffer } of bindings) {
              expect(offset % limits.minStorageBufferOffsetAlignment).toBe(0);
              expect(offset + bound).toBeLessThanOrEqual(size(buffer));
              expect(bound).toBeLessThanOrEqual(limits.maxStorageBufferBindingSize);
            }
          }
          for (const stage of stages) {
            const dispatches = plan.dispatches.filter((dispatch) => dispatch.stage === stage);
            const heads = dispatches.reduce(
              (sum, { grid }) => sum + (stage === 'scores' ? grid[2] : grid[1]),
              0,
            );
            expect(heads).toBe(problem.batch * problem.heads);
          }
        }
      }),
    );
  });

  it('reuse one score matrix for all slices when bindings are small', () => {
    const problem: Problem = {
      ...{ batch: 2, heads: 6, kvHeads: 2, seqLenQ: 200, seqLenKv: 200, headDim: 8, headDimV: 8 },
      ...{ dtype: 'f32', causal: false, seed: 1 },
    };
    const plan = planOrThrow('standard', problem, smallBindings);
    expect(plan.tiling.headsPerSlice).toBe(1);
    expect(plan.dispatches).toHaveLength(36);
    expect(plan.buffers.find(({ name }) => name === 's')?.bytes).toBe(200 * 200 * 4);
  });

  it('do not exist where one head alone is too large, and say the bytes and the limit', () => {
    const n = 65_536;
    const problem: Problem = {
      ...{ batch: 1, heads: 64, kvHeads: 64, seqLenQ: n, seqLenKv: n, headDim: 64, headDimV: 64 },
      ...{ dtype: 'f32', causal: false, seed: 1 },
    };
    const limits = { ...guaranteedLimits, maxStorageBufferBindingSize: 2 ** 30, maxBufferSize: 2 ** 30 };
    const result = planFor(findAlgorithm('standard')!, problem, limits);
    expect(result).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/17179869184 bytes.*1073741824 bytes.*maxStorageBufferBindingSize/),
    });
    expect(planFor(findAlgorithm('flash2')!, problem, limits).ok).toBe(true);
  });

  it('link to plain WGSL and to a counting twin whose sites are buffers of the plan', async () => {
    const problem: Problem = {
      ...{ batch: 1, heads: 4, kvHeads: 2, seqLenQ: 33, seqLenKv: 57, headDim: 80, headDimV: 7 },
      ...{ dtype: 'f32', causal: 'bottom-right', seed: 1 },
    };
    for (const { id } of catalogue) {
      const plan = planOrThrow(id, problem, guaranteedLimits);
      const names = plan.buffers.map(({ name }) => name);
      for (const { wgsl, hash, counting } of await linkPlan(plan)) {
        expect(hash).toMatch(/^[0-9a-f]{64}$/);
        expect(wgsl).not.toMatch(/@if|import |constants::/);
        expect(counting.sites.length).toBeGreaterThan(0);
        for (const { buffer, line } of counting.sites) {
          expect(names).toContain(buffer);
          expect(wgsl.split('\n')[line - 1]).toContain(buffer);
        }
      }
    }
  });
});
