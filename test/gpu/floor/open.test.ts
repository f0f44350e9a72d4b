import { afterAll, expect, test } from 'vitest';
import { openSession } from '../../../src/gpu/openSession.ts';
import { TestGpu } from './device.ts';

const gpu = new TestGpu();
afterAll(() => gpu.dispose());

test('a session describes its adapter, and an embedded one as software', async () => {
  const session = await openSession(gpu.gpu, { id: 'embedded', name: 'Embedded adapter', backend: 'vulkan' });
  const { description } = session;
  session.dispose();
  expect(description).toMatchObject({
    id: 'embedded',
    name: 'Embedded adapter',
    backend: 'vulkan',
    driver: null,
    type: 'software',
    peaks: null,
  });
  expect(description.features).toContain('timestamp-query');
  // More than WebGPU guarantees: the adapter's own limits were asked for.
  expect(description.limits.maxBufferSize).toBeGreaterThan(268_435_456);
  expect(structuredClone(description)).toEqual(description);
});

test('without an adapter the error says what to do', async () => {
  // No machine with the embedded adapter has none, so a GPU object that finds nothing stands in.
  const none = { requestAdapter: async () => null } as unknown as GPU;
  await expect(openSession(none)).rejects.toThrow('No GPU adapter was found. Install');
  const failing = {
    requestAdapter: async () => {
      throw new Error('loader missing');
    },
  } as unknown as GPU;
  await expect(openSession(failing)).rejects.toThrow('loader missing');
});

test('a runtime that forbids external buffers fails at opening, with its own words', async () => {
  // Electron cannot run here: its refusal is put in the place where it happens, on the real device.
  const electron = {
    requestAdapter: async () => {
      const adapter = (await gpu.gpu.requestAdapter())!;
      const requestDevice = adapter.requestDevice.bind(adapter);
      adapter.requestDevice = async (descriptor) => {
        const device = await requestDevice(descriptor);
        const createBuffer = device.createBuffer.bind(device);
        device.createBuffer = (options) => {
          const buffer = createBuffer(options);
          buffer.getMappedRange = () => {
            throw new TypeError('External buffers are not allowed');
          };
          return buffer;
        };
        return device;
      };
      return adapter;
    },
  } as unknown as GPU;
  await expect(openSession(electron)).rejects.toThrow(/External buffers are not allowed.*plain Node/);
});

test('losing the device resolves `lost`, and measuring afterwards fails with the reason', async () => {
  const session = await openSession(gpu.gpu);
  session.dispose();
  expect(await session.lost).toMatch(/destroy/);
  await expect(session.measurePeaks()).rejects.toThrow(/device was lost.*new device/);
});

test('peaks are positive, kept, and half precision is null without the feature', async () => {
  const session = await gpu.session();
  const peaks = await session.measurePeaks();
  expect(peaks.bandwidthGBs).toBeGreaterThan(0);
  expect(peaks.f32Gflops).toBeGreaterThan(0);
  if (!session.description.features.includes('shader-f16')) expect(peaks.f16Gflops).toBeNull();
  expect(session.description.peaks).toBe(peaks);
  expect(await session.measurePeaks()).toBe(peaks);
});
