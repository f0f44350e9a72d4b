import { afterAll, expect, test } from 'vitest';
import { TestGpu } from './device.ts';
import { addition, empty, request, rowSums } from './handPlans.ts';

const gpu = new TestGpu();
afterAll(() => gpu.dispose());

/** Runs for many seconds on any adapter: each element takes a million turns of a loop. */
const endless = () => addition(256, 64, 1_000_000);

test('a budget ends a run as stopped, with the slices done and how long the whole would take', async () => {
  const session = await gpu.session();
  const { plan, modules } = endless();
  const start = performance.now();
  const { status, reason, partial, time, counts } = await session.measure(
    request(plan, modules, { count: true, time: { samples: 3 } }, 1500),
  );
  const elapsed = performance.now() - start;
  expect(status).toBe('stopped');
  expect(reason).toMatch(/^The time budget of .* ended first: one whole run would take about .*\. Raise/);
  expect(elapsed).toBeGreaterThan(1400);
  // Not over the budget by more than a slice, and what opening and compiling take on a busy machine.
  expect(elapsed).toBeLessThan(1500 + Math.max(...partial!.slicesMs) + 5000);
  expect(partial!.slicesDone).toBe(partial!.slicesMs.length);
  expect(partial!.slicesDone).toBeGreaterThan(1);
  expect(partial!.slices).toBeGreaterThan(partial!.slicesDone);
  expect(partial!.elapsedMs).toBeCloseTo(
    partial!.slicesMs.reduce((a, b) => a + b),
    6,
  );
  expect(partial!.predictedMs).toBeGreaterThan(2 * partial!.elapsedMs);
  // The watchdog's limit is 2 s; the target is a tenth of it.
  expect(partial!.slicesMs.toSorted((a, b) => a - b)[Math.floor(partial!.slicesMs.length / 2)]).toBeLessThan(
    1000,
  );
  expect(time).toBeNull();
  expect(counts).toBeNull();
});

test('stages that a stopped run never reached are in the projection', async () => {
  const session = await gpu.session();
  const { plan, modules } = addition(256, 256, 100_000);
  const one = await session.measure(request(plan, modules, {}, 500));
  const second = structuredClone(plan.dispatches[0]!);
  Object.assign(second, { stage: 'again', module: 'again' });
  second.params[5] = 2_000_000;
  plan.dispatches.push(second);
  plan.stages.push('again');
  modules.push({ ...modules[0]!, id: 'again' });
  const both = await session.measure(request(plan, modules, {}, 500));
  expect([one.status, both.status]).toEqual(['stopped', 'stopped']);
  // Twenty times the turns in the second stage: 21 times the work. The machine is shared, so with much room.
  expect(both.partial!.predictedMs / one.partial!.predictedMs).toBeGreaterThan(4);
});

test('a budget that has room for the run but not for the rest keeps what was measured', async () => {
  const session = await gpu.session();
  const { plan, modules } = addition(64, 8, 10_000);
  const full = await session.measure(request(plan, modules, { time: { samples: 1 } }));
  expect(full.status).toBe('ok');
  const runMs = full.time!.wallMedianMs;
  const steps = { count: true, time: { samples: 500 } };
  const { status, reason, time } = await session.measure(request(plan, modules, steps, runMs * 8 + 500));
  expect(['ok', 'stopped']).toContain(status);
  if (status === 'stopped') expect(reason).toMatch(/budget/);
  expect(time!.samplesMs.length).toBeGreaterThan(0);
  expect(time!.samplesMs.length).toBeLessThan(500);
});

test('cancelling between slices throws AbortError soon, and the session works on', async () => {
  const session = await gpu.session();
  const { plan, modules } = endless();
  const controller = new AbortController();
  setTimeout(() => controller.abort('a reason of another kind'), 400);
  const start = performance.now();
  const running = session.measure(request(plan, modules), { signal: controller.signal });
  await expect(running).rejects.toMatchObject({ name: 'AbortError' });
  expect(performance.now() - start).toBeLessThan(8000);
  const small = rowSums(4, 4);
  expect((await session.measure(request(small.plan, small.modules))).status).toBe('ok');
  const cancelledBefore = session.measure(request(plan, modules), { signal: AbortSignal.abort() });
  await expect(cancelledBefore).rejects.toMatchObject({ name: 'AbortError' });
});

test('a lost device fails the measurement in flight with the reason', async () => {
  const session = await gpu.session();
  const { plan, modules } = endless();
  const running = session.measure(request(plan, modules));
  setTimeout(() => session.dispose(), 400);
  const { status, reason } = await running;
  expect(status).toBe('failed');
  expect(reason).toMatch(/device was lost.*Run again/);
  expect(await session.lost).toMatch(/destroy/);
});

test('memory that runs out, and buffers beyond a limit, fail with numbers', async () => {
  const session = await gpu.session();
  const { maxBufferSize } = session.description.limits;
  const { plan, modules } = addition(4, 4);
  for (let index = 0; index < 64; index++)
    plan.buffers.push(empty(`s${index}`, maxBufferSize / 4, 'scratch'));
  const exhausted = await session.measure(request(plan, modules));
  expect(exhausted.status).toBe('failed');
  expect(exhausted.reason).toMatch(/Buffer s\d+ of \d+ bytes: the device is out of memory \(.*MEMORY/);
  expect(exhausted.doesNotFit).toBe(true);
  plan.buffers.splice(3, 64, empty('s', maxBufferSize / 4 + 1, 'scratch'));
  const tooLarge = await session.measure(request(plan, modules));
  expect(tooLarge.status).toBe('failed');
  expect(tooLarge.reason).toContain(`needs ${maxBufferSize + 4} bytes, but maxBufferSize`);
  plan.buffers.splice(3, 1);
  expect((await session.measure(request(plan, modules))).status).toBe('ok');
});

test('a kernel that does not compile, and plans that contradict themselves, fail in words', async () => {
  const session = await gpu.session();
  const reasonOf = async (change: (made: ReturnType<typeof addition>) => void) => {
    const made = addition(4, 4);
    change(made);
    const { status, reason } = await session.measure(request(made.plan, made.modules));
    expect(status).toBe('failed');
    return reason;
  };
  const broken = await reasonOf(({ modules }) => {
    modules[0]!.wgsl = modules[0]!.wgsl.replace('var sum =', 'var sum: u32 =');
    modules[0]!.hash = 'broken';
  });
  expect(broken).toMatch(/add \(plain\) does not compile:\n {2}line \d+, column \d+: .*var sum: u32/s);
  expect(await reasonOf(({ modules }) => modules.pop())).toContain('names module add, which was not given');
  expect(await reasonOf(({ plan }) => plan.buffers.pop())).toContain(
    'binds buffer c, which it does not have',
  );
  const room = await reasonOf(({ plan }) => {
    plan.dispatches[0]!.groupOffsetWord = 6;
  });
  expect(room).toContain('no room for its workgroup offset');
});
