import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { catalogue, findAlgorithm } from '../../../src/attention/catalogue.ts';
import { type DeviceLimits, guaranteedLimits } from '../../../src/attention/limits.ts';
import type { Pass, Problem } from '../../../src/attention/problem.ts';
import { unsupported } from '../../../src/attention/support.ts';
import { planBuilders } from '../../../src/plans/algorithms.generated.ts';
import { linkPlan } from '../../../src/plans/link.ts';
import type { Plan } from '../../../src/plans/plan.ts';
import { planFor } from '../../../src/plans/planFor.ts';
import { plainProblem, problems } from '../attention/arbitrary.ts';

/** What real adapters allow; the guaranteed eight are too few for a backward pass with a bias. */
const enough: DeviceLimits = { ...guaranteedLimits, maxStorageBuffersPerShaderStage: 12 };

const smallBindings: DeviceLimits = {
  ...enough,
  maxStorageBufferBindingSize: 262_144,
  maxBufferSize: 16_777_216,
};

function planOrThrow(id: string, problem: Problem, limits: DeviceLimits, pass: Pass = 'forward'): Plan {
  const result = planFor(findAlgorithm(id)!, pass, problem, limits);
  if (!result.ok) throw new Error(result.reason);
  return result.plan;
}

/** Every algorithm and pass that takes a problem. */
function* supporting(problem: Problem) {
  for (const row of catalogue) {
    for (const pass of row.passes) if (unsupported(row, problem, pass) === null) yield { id: row.id, pass };
  }
}

describe('plans', () => {
  it('exist for every row of the catalogue, and only for those', () => {
    expect(Object.keys(planBuilders).sort()).toEqual(catalogue.map(({ id }) => id).sort());
  });

  it('bind inside their buffers, aligned, under the limits', () => {
    fc.assert(
      fc.property(problems(100), fc.constantFrom(enough, smallBindings), (problem, limits) => {
        for (const { id, pass } of supporting(problem)) {
          const result = planFor(findAlgorithm(id)!, pass, problem, limits);
          if (!result.ok) {
            expect(result.reason).toMatch(/bytes.*max/);
            continue;
          }
          const { plan } = result;
          const buffers = new Map(plan.buffers.map((buffer) => [buffer.name, buffer]));
          for (const { bindings } of [...plan.prologue, ...plan.dispatches]) {
            for (const { offset, size, buffer } of bindings) {
              expect(offset % limits.minStorageBufferOffsetAlignment).toBe(0);
              expect(offset + size).toBeLessThanOrEqual(buffers.get(buffer)!.bytes);
              expect(size).toBeLessThanOrEqual(limits.maxStorageBufferBindingSize);
            }
          }
          expect(new Set(plan.dispatches.map(({ stage }) => stage))).toEqual(new Set(plan.stages));
        }
      }),
      { numRuns: 50 },
    );
  });

  it('reuse one score matrix for all slices when bindings are small', () => {
    const problem = plainProblem({ batch: 2, heads: 6, kvHeads: 2, seqLenQ: 200, headDim: 8 });
    const plan = planOrThrow('standard', problem, smallBindings);
    expect(plan.tiling.headsPerSlice).toBe(1);
    expect(plan.dispatches).toHaveLength(36);
    expect(plan.buffers.find(({ name }) => name === 's')?.bytes).toBe(200 * 200 * 4);
  });

  it('do not exist where one head alone is too large, and say the bytes and the limit', () => {
    const n = 65_536;
    const problem = plainProblem({ heads: 64, seqLenQ: n, headDim: 64 });
    const limits = { ...enough, maxStorageBufferBindingSize: 2 ** 30, maxBufferSize: 2 ** 30 };
    const result = planFor(findAlgorithm('standard')!, 'forward', problem, limits);
    expect(result).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/17179869184 bytes.*1073741824 bytes.*maxStorageBufferBindingSize/),
    });
    expect(planFor(findAlgorithm('flash2')!, 'forward', problem, limits).ok).toBe(true);
  });

  it('link to plain WGSL and to a counting twin whose sites are buffers of the plan', async () => {
    const problem = plainProblem({
      ...{ heads: 4, kvHeads: 2, seqLenQ: 33, seqLenKv: 57, headDim: 80, headDimV: 7 },
      ...{ causal: 'bottom-right' },
    });
    for (const { id, pass } of supporting(problem)) {
      const plan = planOrThrow(id, problem, enough, pass);
      const names = plan.buffers.map(({ name }) => name);
      // What a ring sends goes from and to the buffers of all its devices in turn.
      if (id.startsWith('ring')) names.push('sent', 'received');
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
