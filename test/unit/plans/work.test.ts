import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { algorithmPass, catalogue, chooseTiling } from '../../../src/attention/catalogue.ts';
import { guaranteedLimits } from '../../../src/attention/limits.ts';
import { passes } from '../../../src/attention/problem.ts';
import { unsupported } from '../../../src/attention/support.ts';
import { planFor } from '../../../src/plans/planFor.ts';
import { problems } from '../attention/arbitrary.ts';

const limits = { ...guaranteedLimits, maxStorageBuffersPerShaderStage: 16 };

describe('the work of every stage', () => {
  for (const row of catalogue) {
    for (const pass of passes.filter((pass) => row.passes.includes(pass))) {
      it(`${row.id} ${pass}: workgroups and dispatches are the plan's, FLOPs add up`, () => {
        let compared = 0;
        fc.assert(
          fc.property(problems(), fc.integer({ min: 1, max: 5 }), (given, slack) => {
            const sparse = row.id === 'block-sparse-flash';
            const problem = sparse ? { ...given, blockMask: { kind: 'local' as const, width: 1 } } : given;
            if (unsupported(row, problem, pass)) return;
            // A small binding limit cuts the heads into slices.
            const tight = {
              ...limits,
              maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize / slack,
            };
            const tiling = chooseTiling(row, problem, tight, {}, pass);
            const planned = planFor(row, pass, problem, tight, null);
            if (!tiling.ok || !planned.ok) return;
            compared++;
            const { work, flops, traffic } = algorithmPass(row, pass).cost(problem, planned.plan.tiling);
            const { dispatches, stages } = planned.plan;
            expect(work.map(({ stage }) => stage)).toEqual(stages);
            expect(work.map(({ stage }) => stage)).toEqual(traffic.stages.map(({ name }) => name));
            for (const { stage, dispatches: count, workgroups } of work) {
              const own = dispatches.filter((dispatch) => dispatch.stage === stage);
              const groups = own.reduce((sum, { grid: [x, y, z] }) => sum + x * y * z, 0);
              expect({ stage, count, workgroups }).toEqual({ stage, count: own.length, workgroups: groups });
            }
            expect(work.reduce((sum, { matmulFlops }) => sum + matmulFlops, 0n)).toBe(flops.exact);
          }),
          { numRuns: 60 },
        );
        expect(compared).toBeGreaterThan(20);
      });
    }
  }
});
