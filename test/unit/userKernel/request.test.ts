import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import type { HostMeasureRequest } from '../../../src/host/protocol.ts';
import { planKey } from '../../../src/host/quarantine.ts';
import { measureRequestSchema } from '../../../src/host/requestSchemas.ts';
import type { KernelPlan } from '../../../src/plans/plan.ts';
import { prepareKernel } from '../../../src/plans/userKernel/prepare.ts';

const wgsl = `override n: u32 = 1;
@group(2) @binding(1) var<storage> a: array<f32>;
@group(0) @binding(3) var<storage, read_write> o: array<f32>;
@compute @workgroup_size(n) fn main() { o[0] = a[0]; }`;

async function request(length = 8): Promise<HostMeasureRequest & { plan: KernelPlan }> {
  const bindings = { a: { length, init: { kind: 'file', file: 'a.npy' } as const }, o: { length } };
  const { plan, module } = await prepareKernel('k.wgsl', wgsl, {
    bindings,
    constants: { n: 4 },
    dispatch: [1, 2, 3],
  });
  return {
    plan,
    modules: [module],
    steps: { check: null, count: true, time: { samples: 1 } },
    budgetMs: null,
  };
}

describe("a request to run a user's kernel", () => {
  test('is accepted as it is, and over JSON', async () => {
    const sent = JSON.parse(JSON.stringify(await request()));
    expect(v.safeParse(measureRequestSchema, sent).issues).toBeUndefined();
  });

  const hostile: [string, (request: HostMeasureRequest & { plan: KernelPlan }) => void][] = [
    ['two dispatches', ({ plan }) => plan.dispatches.push(plan.dispatches[0]!)],
    ['a prologue', ({ plan }) => plan.prologue.push(plan.dispatches[0]!)],
    ['parameters', ({ plan }) => (plan.dispatches[0]!.params = [0, 0, 0])],
    ['a comparison', ({ steps }) => (steps.check = { rows: 'all' })],
    ['a binding past the end', ({ plan }) => (plan.dispatches[0]!.bindings[0]!.offset = 4)],
    ['a group that no device has', ({ plan }) => (plan.dispatches[0]!.bindings[0]!.group = 99)],
    ['a constant that is no number', ({ modules }) => (modules[0]!.constants = { n: Number.NaN })],
    [
      'a sequence of no type',
      ({ plan }) => (plan.buffers[0]!.fill = { kind: 'sequence', type: 'f8' as 'f16', start: 0, step: 1 }),
    ],
    ['a field of no meaning', ({ plan }) => Object.assign(plan, { surprise: 1 })],
  ];
  test.each(hostile)('is refused with %s', async (_, change) => {
    const sent = structuredClone(await request());
    change(sent);
    expect(v.is(measureRequestSchema, sent)).toBe(false);
  });

  test('is quarantined by what the driver sees: a smaller one may run', async () => {
    const key = planKey(await request(), 'x');
    expect(planKey(await request(), 'x')).toBe(key);
    expect(planKey(await request(4), 'x')).not.toBe(key);
    expect(planKey(await request(), 'y')).not.toBe(key);
  });
});
