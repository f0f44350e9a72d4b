import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Problem } from '../../../src/attention/problem.ts';
import type { MeasureProgress } from '../../../src/gpu/measurement.ts';
import type { GpuSession } from '../../../src/gpu/session.ts';
import { TestGpu, watchBuffers } from './device.ts';
import { addition, plainAttention, request, rowSums, smallProblem } from './handPlans.ts';

const gpu = new TestGpu();
let session: GpuSession;
beforeAll(async () => {
  session = await gpu.session();
});
afterAll(() => gpu.dispose());

const problem: Problem = { ...smallProblem, seqLenQ: 20, seqLenKv: 33, headDim: 12, headDimV: 9 };

test('a right kernel is measured in full: errors, counts, times, memory', async () => {
  const { plan, modules } = plainAttention(problem);
  const measurement = await session.measure(
    request(plan, modules, { check: { rows: 'all' }, count: true, time: { samples: 4 } }),
  );
  expect(measurement.reason).toBeUndefined();
  expect(measurement.status).toBe('ok');
  const { errors, counts, time, memory } = measurement;
  expect(errors!.o).toMatchObject({ reference: 'float64', rows: 20, of: 20, nonFinite: 0 });
  expect(errors!.o!.relativeL2).toBeGreaterThan(0);
  expect(errors!.o!.relativeL2).toBeLessThan(1e-6);
  expect(errors!.lse!.relativeL2).toBeLessThan(1e-6);

  const total = (buffer: string, kind: string) =>
    modules[0]!.counting.sites
      .map((site, index) =>
        site.buffer === buffer && site.kind === kind ? BigInt(counts![index]!.count) : 0n,
      )
      .reduce((a, b) => a + b);
  expect(counts!.every(({ stage, module }) => stage === 'attention' && module === 'plain')).toBe(true);
  expect(total('q', 'load')).toBe(20n * 33n * 12n * 2n);
  expect(total('v', 'load')).toBe(20n * 33n * 9n);
  expect(total('o', 'store')).toBe(20n * 9n * (1n + 33n + 1n));
  expect(total('lse', 'store')).toBe(20n);

  expect(time!.samplesMs).toHaveLength(4);
  expect(time!.clock).toBe('timestamp-query');
  expect(time!.p25Ms).toBeLessThanOrEqual(time!.medianMs);
  expect(time!.medianMs).toBeLessThanOrEqual(time!.p75Ms);
  expect(Math.min(...time!.samplesMs)).toBeGreaterThan(0);
  expect(time!.stages).toEqual([{ name: 'attention', medianMs: time!.medianMs }]);

  expect(memory.buffers).toEqual(plan.buffers.map(({ name, bytes }) => ({ name, bytes })));
  expect(memory.peakBytes).toBe(plan.buffers.reduce((sum, { bytes }) => sum + bytes, 0));
  expect(memory.harnessPeakBytes).toBeGreaterThan(0);
  expect(session.description.peaks?.f32Gflops).toBeGreaterThan(0);
});

test('a wrong kernel runs, and its error shows', async () => {
  const { plan, modules } = plainAttention(problem, 1);
  const { status, errors } = await session.measure(request(plan, modules, { check: { rows: 'all' } }));
  expect(status).toBe('ok');
  expect(errors!.o!.relativeL2).toBeGreaterThan(0.1);
  expect(errors!.o!.maxAbs).toBeGreaterThan(0.1);
});

test('the mask of the problem is the mask of the reference', async () => {
  const { plan, modules } = plainAttention({ ...problem, causal: 'top-left' });
  const { errors } = await session.measure(request(plan, modules, { check: { rows: 'all' } }));
  expect(errors!.o!.relativeL2).toBeLessThan(1e-6);
  plan.problem = problem;
  const other = await session.measure(request(plan, modules, { check: { rows: 'all' } }));
  expect(other.errors!.o!.relativeL2).toBeGreaterThan(0.1);
});

test('elements that nobody writes fail the run, with how many and where', async () => {
  const { plan, modules } = addition(16, 8, 0, 'if (index >= 100u && index < 110u) { return; }');
  const { status, reason, time } = await session.measure(request(plan, modules, { time: { samples: 2 } }));
  expect(status).toBe('failed');
  expect(reason).toContain('output c has 10 of 128 elements that are not finite, 10 of them never written');
  expect(reason).toContain('the first at 100');
  expect(time).toBeNull();
});

test('a NaN that a kernel computes is told from one that was left', async () => {
  const { plan, modules } = addition(
    16,
    8,
    0,
    'if (index == 5u) { c[index] = bitcast<f32>(0x7fc00000u + index); return; }',
  );
  const { status, reason } = await session.measure(request(plan, modules));
  expect(status).toBe('failed');
  expect(reason).toContain('1 of 128 elements that are not finite, 0 of them never written, the first at 5');
});

test('a counting build that computes something else is not believed', async () => {
  const { plan, modules } = addition(16, 8);
  const [module] = modules;
  module!.counting.wgsl = module!.counting.wgsl.replace('params.work; turn++', 'params.work + 1u; turn++');
  const { status, reason, counts } = await session.measure(request(plan, modules, { count: true }));
  expect(status).toBe('failed');
  expect(reason).toContain('its counting build gives other results than the plain build, output c');
  expect(counts).toBeNull();
});

test('counts are kept apart by stage and module', async () => {
  const { plan, modules } = rowSums(10, 7);
  const { counts, status } = await session.measure(request(plan, modules, { count: true }));
  expect(status).toBe('ok');
  const named = counts!.map(({ stage, module, site, count }) => {
    const { buffer, kind } = modules.find(({ id }) => id === module)!.counting.sites[site]!;
    return `${stage} ${kind} ${buffer} ${count}`;
  });
  expect(named.sort()).toEqual([
    'square load a 70',
    'square load a 70',
    'square store s 70',
    'sum load s 70',
    'sum store r 7',
  ]);
});

test('stages are timed apart, and no more than the whole by much', async () => {
  const { plan, modules } = rowSums(64, 64);
  const { time } = await session.measure(request(plan, modules, { time: { samples: 5 } }));
  expect(time!.stages.map(({ name }) => name)).toEqual(['square', 'sum']);
  for (const { medianMs } of time!.stages) expect(medianMs).toBeGreaterThan(0);
  expect(time!.wallMedianMs).toBeGreaterThanOrEqual(time!.medianMs * 0.99);
});

test('without timestamps the wall clock is used, and the result says so', async () => {
  const bare = await gpu.device([]);
  const { plan, modules } = rowSums(32, 16);
  const { status, time } = await bare.session.measure(request(plan, modules, { time: { samples: 3 } }));
  expect(status).toBe('ok');
  expect(time!.clock).toBe('wall');
  expect(time!.samplesMs).toHaveLength(3);
  expect(time!.medianMs).toBeGreaterThan(0);
  expect(time!.stages.map(({ medianMs }) => medianMs > 0)).toEqual([true, true]);
});

test('on hardware the inputs are copied, so that repeats do not find them in a cache', async () => {
  // The adapter is the embedded one; only its description is a GPU's, which decides this.
  const peaks = { provenance: 'measured', bandwidthGBs: 1, f32Gflops: 1, f16Gflops: null } as const;
  const { device, session: hardware } = await gpu.device(undefined, { type: 'unknown', peaks });
  const buffers = watchBuffers(device);
  const { plan, modules } = plainAttention(problem);
  const steps = { check: { rows: 'all' as const }, count: true, time: { samples: 9 } };
  const { status, reason, time, memory } = await hardware.measure(request(plan, modules, steps));
  expect(reason).toBeUndefined();
  expect(status).toBe('ok');
  expect(time!.samplesMs).toHaveLength(9);
  const inputBytes = plan.buffers
    .filter(({ role }) => role === 'input')
    .reduce((sum, { bytes }) => sum + bytes, 0);
  const onSoftware = await session.measure(request(plan, modules, steps));
  expect(memory.peakBytes).toBe(onSoftware.memory.peakBytes);
  expect(memory.harnessPeakBytes - onSoftware.memory.harnessPeakBytes).toBeGreaterThan(6 * inputBytes);
  expect(buffers.live()).toBe(0);
});

test('progress says what comes next, never goes back, and every report has its patience', async () => {
  const { plan, modules } = plainAttention(problem);
  const reports: MeasureProgress[] = [];
  await session.measure(
    request(plan, modules, { check: { rows: 'all' }, count: true, time: { samples: 2 } }),
    { onProgress: (progress) => reports.push(progress) },
  );
  const phases = reports.map(({ phase }) => phase).filter((phase, index, all) => phase !== all[index - 1]);
  expect(phases).toEqual(['upload', 'compile', 'run', 'readback', 'check', 'count', 'readback', 'time']);
  const fractions = reports.map(({ fraction }) => fraction);
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  expect(Math.min(...reports.map(({ patienceMs }) => patienceMs))).toBeGreaterThanOrEqual(1000);
  expect(reports.find(({ phase }) => phase === 'compile')!.stage).toBe('attention');
  expect(reports.find(({ phase }) => phase === 'run')!.stage).toBe('attention');
});

test('measurements take turns', async () => {
  const { plan, modules } = addition(8, 8);
  const order: string[] = [];
  await Promise.all(
    ['first', 'second'].map((name) =>
      session.measure(request(plan, modules), { onProgress: () => order.push(name) }),
    ),
  );
  expect(order).toEqual(order.toSorted());
  expect(new Set(order).size).toBe(2);
});

test('no buffer outlives a measurement, however it ends', async () => {
  const { device, session: watched } = await gpu.device();
  const buffers = watchBuffers(device);
  const good = plainAttention(problem);
  const steps = { check: { rows: 8 }, count: true, time: { samples: 2 } };
  expect((await watched.measure(request(good.plan, good.modules, steps))).status).toBe('ok');
  expect(buffers.made()).toBeGreaterThan(5);
  expect(buffers.live()).toBe(0);
  const unwritten = addition(4, 4, 0, 'if (index == 3u) { return; }');
  expect((await watched.measure(request(unwritten.plan, unwritten.modules))).status).toBe('failed');
  const broken = addition(4, 4);
  broken.modules[0]!.wgsl = 'this does not parse';
  broken.modules[0]!.hash = 'broken';
  expect((await watched.measure(request(broken.plan, broken.modules))).status).toBe('failed');
  const controller = new AbortController();
  const cancelled = watched.measure(request(good.plan, good.modules, steps), {
    signal: controller.signal,
    onProgress: ({ phase }) => {
      if (phase === 'count') controller.abort();
    },
  });
  await expect(cancelled).rejects.toMatchObject({ name: 'AbortError' });
  expect(buffers.live()).toBe(0);
});
