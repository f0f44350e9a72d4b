import { afterAll, expect, test } from 'vitest';
import { poisonWord, resetTensors } from '../../../src/gpu/poison.ts';
import { runSliced } from '../../../src/gpu/runner.ts';
import { groupsIn, nextBox } from '../../../src/gpu/slices.ts';
import type { Launch } from '../../../src/gpu/submitter.ts';
import { TestGpu } from './device.ts';
import { prepared } from './execution.ts';
import { addition, rowSums } from './handPlans.ts';

const gpu = new TestGpu();
afterAll(() => gpu.dispose());

test('a run in slices of any size gives what one dispatch gives, bit for bit', async () => {
  const { execution, tensors, submitter, binds, read } = await prepared(gpu, addition(37, 23));
  const [dispatch] = execution.plan.dispatches;
  const grid = dispatch!.grid;
  expect((await read('c')).every((word) => word === poisonWord('f32'))).toBe(true);
  await submitter.submit(binds, [[{ dispatch: 0, box: { origin: [0, 0, 0], extent: grid }, copy: 0 }]], 0);
  const whole = await read('c');
  expect(whole.includes(poisonWord('f32'))).toBe(false);
  for (const size of [1, 5, 37, 100, 400]) {
    await resetTensors(execution, tensors, { keepComputed: true });
    const launches: Launch[] = [];
    for (let from = 0; from < groupsIn(grid); ) {
      const box = nextBox(grid, from, size, 65_535);
      launches.push({ dispatch: 0, box, copy: 0 });
      from += groupsIn(box.extent);
    }
    for (let at = 0; at < launches.length; at += submitter.capacity) {
      await submitter.submit(binds, [launches.slice(at, at + submitter.capacity)], 0);
    }
    expect(await read('c')).toEqual(whole);
  }
});

test('the runner starts with one workgroup, grows, and does every workgroup once', async () => {
  const { execution, submitter, binds, read } = await prepared(gpu, rowSums(300, 200));
  const run = await runSliced(execution, submitter, binds, {
    phase: 'run',
    deadline: Number.POSITIVE_INFINITY,
  });
  expect(run.completed).toBe(true);
  expect(run.groupsDone).toEqual([60_000, 200]);
  expect(run.slicesMs.length).toBeGreaterThan(3);
  expect(run.slicesMs.length).toBeLessThan(60);
  expect([...run.stageMs.keys()]).toEqual(['square', 'sum']);
  expect(run.deviceMs).toBeCloseTo(
    [...run.stageMs.values()].reduce((a, b) => a + b),
    6,
  );
  expect(run.deviceMs).toBeLessThanOrEqual(run.wallMs);
  const squares = new Float32Array((await read('s')).buffer);
  const sums = new Float32Array((await read('r')).buffer);
  for (const row of [0, 1, 199]) {
    let total = 0;
    for (const square of squares.subarray(row * 300, row * 300 + 300)) total = Math.fround(total + square);
    expect(sums[row]).toBeCloseTo(total, 2);
  }
});

test('a grid wider than the device allows is cut by that limit', async () => {
  const { execution, submitter, binds, read } = await prepared(gpu, addition(70_000, 1));
  const run = await runSliced(execution, submitter, binds, {
    phase: 'run',
    deadline: Number.POSITIVE_INFINITY,
  });
  expect(run.groupsDone).toEqual([70_000]);
  expect((await read('c')).includes(poisonWord('f32'))).toBe(false);
});

test('a mistake in a binding is thrown with the device’s own words', async () => {
  const { plan, modules } = addition(4, 4);
  plan.dispatches[0]!.bindings[0]!.size = 1024;
  const { execution, submitter, binds } = await prepared(gpu, { plan, modules });
  const running = runSliced(execution, submitter, binds, {
    phase: 'run',
    deadline: Number.POSITIVE_INFINITY,
  });
  await expect(running).rejects.toThrow(
    /^Running addition: Binding size \(1024\) is larger .*Buffer "a"\]\.$/,
  );
});
