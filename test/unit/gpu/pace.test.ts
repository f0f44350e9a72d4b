import { expect, test } from 'vitest';
import { Pace, targetSliceMs } from '../../../src/gpu/pace.ts';

test('a kernel that never ran may have one workgroup', () => {
  const pace = new Pace();
  expect(pace.knows('a')).toBe(false);
  expect(pace.allow('a', targetSliceMs, 0)).toBe(1);
  expect(pace.allow('a', targetSliceMs, 1)).toBe(0);
  expect(pace.predict('a', 100)).toBe(0);
});

test('slices grow fourfold at most, up to the target time', () => {
  const pace = new Pace();
  pace.learn([{ kernel: 'a', groups: 1 }], 1);
  expect(pace.allow('a', targetSliceMs, 0)).toBe(4);
  expect(pace.allow('a', targetSliceMs, 3)).toBe(1);
  pace.learn([{ kernel: 'a', groups: 100 }], 100);
  expect(pace.allow('a', targetSliceMs, 0)).toBe(targetSliceMs);
  expect(pace.predict('a', 50)).toBe(50);
});

test('a kernel that turns slower gets smaller slices at once', () => {
  const pace = new Pace();
  pace.learn([{ kernel: 'a', groups: 1000 }], 100);
  pace.learn([{ kernel: 'a', groups: 1000 }], 1000);
  expect(pace.allow('a', targetSliceMs, 0)).toBe(targetSliceMs);
});

test('time of a mixed submission is shared as it was predicted', () => {
  const pace = new Pace();
  pace.learn([{ kernel: 'a', groups: 10 }], 10);
  pace.learn([{ kernel: 'b', groups: 10 }], 30);
  pace.learn(
    [
      { kernel: 'a', groups: 10 },
      { kernel: 'b', groups: 10 },
    ],
    80,
  );
  expect(pace.predict('a', 10)).toBeCloseTo(20);
  expect(pace.predict('b', 10)).toBeCloseTo(60);
});

test('a projection averages over slices, without the first, which compiles', () => {
  const pace = new Pace();
  expect(pace.project('a', 10)).toBe(0);
  pace.learn([{ kernel: 'a', groups: 1 }], 500);
  expect(pace.project('a', 10)).toBe(5000);
  pace.learn([{ kernel: 'a', groups: 10 }], 10);
  pace.learn([{ kernel: 'a', groups: 30 }], 70);
  expect(pace.project('a', 10)).toBeCloseTo(20);
});
