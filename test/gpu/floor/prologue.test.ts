import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Problem } from '../../../src/attention/problem.ts';
import type { MeasureProgress } from '../../../src/gpu/measurement.ts';
import type { GpuSession } from '../../../src/gpu/session.ts';
import { plainBackward } from './backwardPlan.ts';
import { TestGpu, watchBuffers } from './device.ts';
import { addition, empty, request, smallProblem } from './handPlans.ts';

const gpu = new TestGpu();
let session: GpuSession;
beforeAll(async () => {
  session = await gpu.session();
});
afterAll(() => gpu.dispose());

const problem: Problem = { ...smallProblem, seqLenQ: 20, seqLenKv: 33, headDim: 12, headDimV: 9 };
const everything = { check: { rows: 'all' as const }, count: true, time: { samples: 3 } };

test('a backward plan is checked, counted and timed apart from the forward pass that it takes as given', async () => {
  const { plan, modules } = plainBackward(problem);
  const { status, reason, errors, counts, time, memory } = await session.measure(
    request(plan, modules, everything),
  );
  expect(reason).toBeUndefined();
  expect(status).toBe('ok');
  expect(Object.keys(errors!).sort()).toEqual(['dk', 'dq', 'dv']);
  expect(errors!.dq).toMatchObject({ rows: 20, of: 20, nonFinite: 0 });
  expect(errors!.dk).toMatchObject({ rows: 33, of: 33, nonFinite: 0 });
  for (const { relativeL2 } of Object.values(errors!)) {
    expect(relativeL2).toBeGreaterThan(0);
    expect(relativeL2).toBeLessThan(1e-5);
  }
  expect(new Set(counts!.map(({ stage }) => stage))).toEqual(new Set(['queries', 'keys']));
  const dq = modules[1]!.counting.sites.findIndex(({ buffer }) => buffer === 'dq');
  expect(counts!.find(({ module, site }) => module === 'queries' && site === dq)!.count).toBe(`${20 * 12}`);
  expect(time!.stages.map(({ name }) => name)).toEqual(['queries', 'keys']);
  expect(memory.buffers.map(({ name }) => name)).toEqual(plan.buffers.map(({ name }) => name));
});

test('a wrong gradient shows in what it spoils', async () => {
  const { plan, modules } = plainBackward(problem, ' * 1.5');
  const { errors } = await session.measure(request(plan, modules, { check: { rows: 'all' } }));
  expect(errors!.dq!.relativeL2).toBeCloseTo(0.5, 3);
  expect(errors!.dk!.relativeL2).toBeCloseTo(0.5, 3);
  expect(errors!.dv!.relativeL2).toBeLessThan(1e-5);
});

test('progress names the forward pass, before the first stage', async () => {
  const { plan, modules } = plainBackward(problem);
  const reports: MeasureProgress[] = [];
  await session.measure(request(plan, modules, everything), { onProgress: (one) => reports.push(one) });
  const stages = reports.filter(({ phase }) => phase === 'run').map(({ stage }) => stage);
  expect(stages.filter((stage, index) => stage !== stages[index - 1])).toEqual([
    'forward',
    'queries',
    'keys',
  ]);
  expect(reports.filter(({ stage }) => stage === 'forward').every(({ phase }) => phase === 'run')).toBe(true);
  const fractions = reports.map(({ fraction }) => fraction);
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
});

/** b += 1 in the prologue, then c = a + b: a prologue that ran twice would give another c. */
function counted() {
  const made = addition(16, 4);
  const step = addition(16, 4);
  const wgsl = step.modules[0]!.wgsl.replace('var<storage, read> b', 'var<storage, read_write> b')
    .replace(/@group\(0\) @binding\(3\).*\n/, '')
    .replace('c[index] = sum', 'b[index] = b[index] + 1.0 + 0.0 * sum');
  return { made, step, wgsl };
}

test('the prologue runs once: counting and timing find what it left', async () => {
  const { made, wgsl } = counted();
  const { plan, modules } = made;
  Object.assign(plan.buffers[1]!, { role: 'computed', fill: { kind: 'zero' } });
  const once = plan.dispatches[0]!;
  plan.prologue = [{ ...once, module: 'once', bindings: once.bindings.slice(0, 2) }];
  modules.push({ ...modules[0]!, id: 'once', wgsl, hash: 'once' });
  const { plan: twice } = structuredClone({ plan });
  twice.prologue.push(twice.prologue[0]!);
  for (const { plan: one, expected } of [
    { plan, expected: 1 },
    { plan: twice, expected: 2 },
  ]) {
    // The output fails where the sum is not what so many prologues leave.
    const strict = modules.map((module) =>
      module.id === 'once'
        ? module
        : {
            ...module,
            hash: `strict ${expected}`,
            wgsl: module.wgsl.replace('c[index] = sum', guard(expected)),
            counting: {
              ...module.counting,
              wgsl: module.counting.wgsl.replace('c[index] = sum', guard(expected)),
            },
          },
    );
    const { status, reason, counts } = await session.measure(
      request(one, strict, { count: true, time: { samples: 3 } }),
    );
    expect(reason).toBeUndefined();
    expect(status).toBe('ok');
    expect(counts!.every(({ stage }) => stage === 'add')).toBe(true);
  }
});

/** Writes only where b is what it should be; elsewhere the poison stays. */
function guard(expected: number): string {
  return `if (sum - a[index] != (a[index] + ${expected}.0) - a[index]) { return; } c[index] = sum`;
}

test('a budget that ends in the prologue stops the run and knows the rest', async () => {
  const { device, session: watched } = await gpu.device();
  const buffers = watchBuffers(device);
  const { plan, modules } = addition(256, 64, 1_000_000);
  const [slow] = plan.dispatches;
  plan.buffers[2] = { ...empty('c', 256 * 64), role: 'computed' };
  plan.buffers.push(empty('d', 256 * 64));
  plan.prologue = [slow!];
  plan.dispatches = [
    {
      ...structuredClone(slow!),
      bindings: slow!.bindings.map((one) => (one.buffer === 'c' ? { ...one, buffer: 'd' } : one)),
    },
  ];
  const alone = addition(256, 64, 1_000_000);
  const reference = await watched.measure(request(alone.plan, alone.modules, {}, 800));
  const { status, reason, partial } = await watched.measure(request(plan, modules, { count: true }, 800));
  expect(status).toBe('stopped');
  expect(reason).toMatch(/^The time budget of .* ended first: one whole run would take about /);
  expect(partial!.slicesDone).toBe(partial!.slicesMs.length);
  // Twice the work of the plan alone; the machine is shared, so with much room.
  expect(partial!.predictedMs).toBeGreaterThan(1.2 * reference.partial!.predictedMs);
  expect(buffers.live()).toBe(0);
});

test('modules of the prologue must be given, and must compile', async () => {
  const { plan, modules } = plainBackward(problem);
  const missing = await session.measure(request(plan, modules.slice(1)));
  expect(missing.reason).toContain('names module plain, which was not given');
  modules[0] = { ...modules[0]!, wgsl: 'nonsense', hash: 'nonsense' };
  const broken = await session.measure(request(plan, modules));
  expect(broken.status).toBe('failed');
  expect(broken.reason).toContain('plain (plain) does not compile');
});
