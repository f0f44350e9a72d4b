import { expect, test } from 'vitest';
import { create } from 'webgpu';
import { catalogue } from '../../src/attention/catalogue.ts';
import { guaranteedLimits } from '../../src/attention/limits.ts';
import { noOptions, type Problem } from '../../src/attention/problem.ts';
import { unsupported } from '../../src/attention/support.ts';
import { linkPlan } from '../../src/plans/link.ts';
import { planFor } from '../../src/plans/planFor.ts';

const problem: Problem = {
  ...{ batch: 1, heads: 4, kvHeads: 2, seqLenQ: 40, seqLenKv: 40, headDim: 64, headDimV: 64 },
  ...noOptions,
  ...{ dtype: 'f16', causal: 'top-left', seed: 1 },
};
const limits = { ...guaranteedLimits, maxStorageBuffersPerShaderStage: 12 };

/** Dawn's null backend compiles every module as any adapter would, native f16 included; it runs nothing. */
test('every algorithm compiles with native f16 storage, plain and counting', async () => {
  const gpu = create(['backend=null']);
  const adapter = (await gpu.requestAdapter())!;
  const device = await adapter.requestDevice({ requiredFeatures: ['shader-f16'] });
  let native = 0;
  for (const row of catalogue) {
    for (const pass of row.passes) {
      if (unsupported(row, problem, pass)) continue;
      const planned = planFor(row, pass, problem, limits);
      if (!planned.ok) throw new Error(planned.reason);
      const packed = await linkPlan(planned.plan);
      for (const [index, module] of (await linkPlan(planned.plan, ['shader-f16'])).entries()) {
        if (module.wgsl !== packed[index]!.wgsl) native++;
        // The same accesses of the same width: traffic does not depend on the route.
        const widths = (sites: typeof module.counting.sites) =>
          sites.map(({ buffer, kind, bytesPerAccess }) => `${buffer} ${kind} ${bytesPerAccess}`);
        expect(widths(module.counting.sites)).toEqual(widths(packed[index]!.counting.sites));
        for (const code of [module.wgsl, module.counting.wgsl]) {
          const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
          expect(messages.filter(({ type }) => type === 'error').map(({ message }) => message)).toEqual([]);
        }
      }
    }
  }
  expect(native).toBeGreaterThan(catalogue.length);
  device.destroy();
  // Referenced to the end: Dawn crashes when the object that made its devices is collected.
  expect(gpu).toBeDefined();
});
