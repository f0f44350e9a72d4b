import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { printKernel, randomKernel, simulate } from '../unit/counting/randomKernel.ts';
import { runBoth } from './counting/counted.ts';
import { TestDevice } from './counting/device.ts';

let gpu: TestDevice;
beforeAll(async () => {
  gpu = await TestDevice.open(['disable-dawn-features=timestamp_quantization']);
});
afterAll(() => gpu?.close());

function floats(count: number): Uint32Array<ArrayBuffer> {
  return new Uint32Array(Float32Array.from({ length: count }, (_, k) => ((k * 37) % 101) / 8).buffer);
}

test('random kernels count what a simulation counts, and compute what they computed', {
  timeout: 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(randomKernel, fc.constantFrom(1, 3, 2 ** 31), async (kernel, flushAt) => {
      const run = {
        wgsl: printKernel(kernel),
        entryPoint: 'main',
        workgroups: [2, 1, 1] as [number, number, number],
        buffers: [
          { binding: 0, words: floats(4 * 64) },
          { binding: 1, words: floats(12 * 64) },
          { binding: 2, words: floats(64) },
          { binding: 3, words: new Uint32Array(4) },
        ],
      };
      const { buffers, plain, counting } = await runBoth(gpu, run, { flushAt });
      const counted = Object.fromEntries(
        Object.entries(buffers)
          .filter(([, tally]) => tally.loads + tally.stores > 0n)
          .map(([name, { loads, readBytes, stores, writeBytes }]) => [
            name,
            {
              loads: Number(loads),
              readBytes: Number(readBytes),
              stores: Number(stores),
              writeBytes: Number(writeBytes),
            },
          ]),
      );
      expect(counted).toEqual(simulate(kernel));
      expect(counting).toEqual(plain);
    }),
    { numRuns: 25, interruptAfterTimeLimit: 20_000 },
  );
});
