import { afterAll, beforeAll, expect, test } from 'vitest';
import type { GpuSession } from '../../../src/gpu/session.ts';
import { TestGpu } from './device.ts';
import { addition, request } from './handPlans.ts';

const gpu = new TestGpu();
let session: GpuSession;
beforeAll(async () => {
  session = await gpu.session();
});
afterAll(() => gpu.dispose());

test('a write behind a tensor is found and named', async () => {
  const { plan, modules } = addition(5, 5, 0, 'c[25u] = 1.0;');
  // The plan binds one element too many, as no planner does: without that WebGPU itself drops the write.
  for (const { bindings } of plan.dispatches) {
    for (const binding of bindings) if (binding.buffer === 'c') binding.size += 4;
  }
  const measurement = await session.measure(request(plan, modules));
  expect(measurement.status).toBe('failed');
  expect(measurement.reason).toBe('The kernel of addition wrote past the end of c.');
});

test('a run that stays inside leaves every guard whole, and guards are not memory of the algorithm', async () => {
  const { plan, modules } = addition(5, 5, 0, 'c[25u] = 1.0;');
  const measurement = await session.measure(request(plan, modules));
  expect(measurement.reason).toBeUndefined();
  expect(measurement.memory.peakBytes).toBe(3 * 25 * 4);
});
