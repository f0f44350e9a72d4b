import { expect, test } from 'vitest';
import { streams } from '../../../src/attention/options.ts';
import { fillNormals, normalAt } from '../../../src/attention/random/stream.ts';
import { normalReader, planReader } from '../../../src/gpu/inputs.ts';
import { plainAttention, smallProblem } from '../../gpu/floor/handPlans.ts';

test('a reader gives ranges of named inputs and refuses unknown names', () => {
  const read = normalReader(new Map([['q', { seed: 5, stream: 2, dtype: 'f32' }]]));
  const whole = new Float32Array(64);
  fillNormals(whole, { seed: 5, stream: 2 });
  expect([...read('q', 16, 8)]).toEqual([...whole.subarray(16, 24)]);
  expect([...read('q', 40, 8)]).toEqual([...whole.subarray(40, 48)]);
  expect([...read('q', 16, 8)]).toEqual([...whole.subarray(16, 24)]);
  expect(() => read('k', 0, 1)).toThrow('no input named k');
});

test('what a reader gives is rounded as it is stored', () => {
  const exact = new Float32Array(500);
  fillNormals(exact, { seed: 5, stream: 2 });
  for (const [dtype, step] of [
    ['f16', 2 ** -11],
    ['bf16', 2 ** -8],
  ] as const) {
    const read = normalReader(new Map([['q', { seed: 5, stream: 2, dtype }]]));
    const rounded = read('q', 0, 500);
    const off = [...rounded].map((value, index) => Math.abs(value / exact[index]! - 1));
    expect(Math.max(...off)).toBeLessThanOrEqual(step);
    expect(Math.max(...off)).toBeGreaterThan(step / 4);
  }
});

test('a plan is read by its streams, whatever its buffers are called, and has its sinks', () => {
  const { plan } = plainAttention({ ...smallProblem, headDim: 4 });
  plan.buffers.push({
    name: 'output_gradient',
    role: 'input',
    bytes: 4,
    elements: { dtype: 'bf16', width: 1 },
    fill: { kind: 'normal', seed: 11, stream: streams.dout },
  });
  const read = planReader(plan);
  expect(read('q', 3, 1)[0]).toBe(normalAt(11, streams.q, 3));
  expect(read('dout', 0, 1)[0]).toBeCloseTo(normalAt(11, streams.dout, 0), 1);
  expect(read('dout', 0, 1)[0]).not.toBe(normalAt(11, streams.dout, 0));
  expect(read('sinks', 2, 1)[0]).toBe(normalAt(11, streams.sinks, 2));
  expect(() => read('bias', 0, 1)).toThrow('no input named bias');
});
