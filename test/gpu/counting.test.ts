import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { instrument } from '../../src/plans/counting/instrument.ts';
import { type Case, flowCases, updateCases, valueCases } from './counting/cases.ts';
import { runBoth } from './counting/counted.ts';
import { type DispatchBuffer, TestDevice } from './counting/device.ts';

let gpu: TestDevice;
beforeAll(async () => {
  gpu = await TestDevice.open(['disable-dawn-features=timestamp_quantization']);
});
afterAll(() => gpu?.close());

function buffersOf(kernel: Case): DispatchBuffer[] {
  return Object.entries(kernel.buffers).map(([binding, fill]) => {
    const bindingNumber = Number(binding);
    if ('uniform' in fill)
      return { binding: bindingNumber, words: Uint32Array.from(fill.uniform), uniform: true };
    if ('words' in fill) {
      return {
        binding: bindingNumber,
        words: Uint32Array.from({ length: fill.words }, (_, k) => (k * 37) % 101),
      };
    }
    const floats = Float32Array.from({ length: fill.floats }, (_, k) => ((k * 37) % 101) / 8);
    return { binding: bindingNumber, words: new Uint32Array(floats.buffer) };
  });
}

for (const [group, cases] of Object.entries({ values: valueCases, updates: updateCases, flow: flowCases })) {
  describe(`counted on the device: ${group}`, () => {
    test.each(cases)('$name', async (kernel) => {
      const buffers = buffersOf(kernel);
      const run = {
        wgsl: kernel.wgsl,
        entryPoint: 'main',
        workgroups: [2, 1, 1] as [number, number, number],
      };
      const options = kernel.flushAt === undefined ? {} : { flushAt: kernel.flushAt };
      const { buffers: counted, plain, counting } = await runBoth(gpu, { ...run, buffers }, options);

      const none = { loads: 0n, readBytes: 0n, stores: 0n, writeBytes: 0n };
      const found = Object.keys(kernel.expected).map((name) => {
        const tally = counted[name] ?? none;
        return [name, [tally.loads, tally.readBytes, tally.stores, tally.writeBytes].map(Number)];
      });
      expect(Object.fromEntries(found)).toEqual(kernel.expected);
      expect(Object.keys(kernel.expected)).toEqual(expect.arrayContaining(Object.keys(counted)));
      expect(counting).toEqual(plain);
      // A kernel that writes nothing would make the comparison of outputs empty.
      const before = new Map(buffers.map(({ binding, words }) => [binding, words]));
      expect(
        [...plain].some(([binding, words]) => words.some((word, k) => word !== before.get(binding)![k])),
      ).toBe(true);
    });
  });
}

describe('the totals', () => {
  test('are bound even where there is nothing to count', async () => {
    const wgsl = '@compute @workgroup_size(4) fn main() { }';
    const counting = instrument(wgsl, { entryPoint: 'main', counterBinding: 3 });
    expect(counting.sites).toEqual([]);
    const results = await gpu.dispatch({
      wgsl: counting.wgsl,
      entryPoint: 'main',
      workgroups: [1, 1, 1],
      buffers: [{ binding: counting.counterBinding, words: new Uint32Array(2) }],
    });
    expect(results.get(3)).toEqual(new Uint32Array(2));
  });

  test('carry into their high words', async () => {
    const wgsl = `@group(0) @binding(0) var<storage, read_write> O: array<u32>;
@compute @workgroup_size(8) fn main(@builtin(local_invocation_index) i: u32) { O[i] = i; }`;
    const counting = instrument(wgsl, { entryPoint: 'main' });
    const results = await gpu.dispatch({
      wgsl: counting.wgsl,
      entryPoint: 'main',
      workgroups: [1, 1, 1],
      buffers: [
        { binding: 0, words: new Uint32Array(8) },
        // Earlier dispatches left the total three below 2^32 and, above that, at 6.
        { binding: counting.counterBinding, words: Uint32Array.from([0xffff_fffd, 6]) },
      ],
    });
    expect(results.get(counting.counterBinding)).toEqual(Uint32Array.from([5, 7]));
  });
});
