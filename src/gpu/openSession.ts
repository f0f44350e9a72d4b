import { bufferUsage, mapModeRead } from './constants.ts';
import { describeAdapter, type KnownDevice } from './describe.ts';
import { GuardedDevice } from './device.ts';
import { DeviceSession } from './deviceSession.ts';
import { GpuError, messageOf } from './errors.ts';
import type { GpuSession } from './session.ts';

export interface OpenOptions extends KnownDevice {
  powerPreference?: GPUPowerPreference;
}

/** Features that kernels or the timer use where an adapter has them. */
const usefulFeatures = ['timestamp-query', 'shader-f16', 'subgroups'] as const;

/**
 * Opens a device with everything the adapter allows, and proves that a buffer can be written, copied and
 * read back. Keep the object that made `gpu` referenced for as long as the session lives: Dawn crashes
 * when it is collected. Throws `GpuError`.
 */
export async function openSession(gpu: GPU, options: OpenOptions = {}): Promise<GpuSession> {
  const adapter = await requestAdapter(gpu, options.powerPreference);
  const device = new GuardedDevice(await requestDevice(adapter));
  try {
    await testReadback(device);
    return new DeviceSession(device, describeAdapter(adapter, device.device, options));
  } catch (error) {
    device.device.destroy();
    throw error;
  }
}

async function requestAdapter(
  gpu: GPU,
  powerPreference: GPUPowerPreference | undefined,
): Promise<GPUAdapter> {
  let adapter: GPUAdapter | null;
  try {
    adapter = await gpu.requestAdapter(powerPreference ? { powerPreference } : {});
  } catch (error) {
    throw new GpuError(`Looking for a GPU adapter failed: ${messageOf(error)}`, { cause: error });
  }
  if (adapter) return adapter;
  throw new GpuError(
    'No GPU adapter was found. Install a Vulkan, Metal or Direct3D 12 driver, or choose the embedded adapter.',
  );
}

async function requestDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const requiredFeatures = usefulFeatures.filter((feature) => adapter.features.has(feature));
  const requiredLimits: Record<string, number> = {};
  for (const name in adapter.limits) {
    const limit = adapter.limits[name as keyof GPUSupportedLimits];
    if (typeof limit === 'number') requiredLimits[name] = limit;
  }
  try {
    return await adapter.requestDevice({ requiredFeatures, requiredLimits });
  } catch (error) {
    throw new GpuError(`The GPU adapter gave no device: ${messageOf(error)}`, { cause: error });
  }
}

/** A runtime that cannot map buffers (Electron: "External buffers are not allowed") shall fail here. */
async function testReadback(guarded: GuardedDevice): Promise<void> {
  const { device } = guarded;
  const words = new Uint32Array([0x01234567, 0x89abcdef, 0xdeadbeef, 0x00c0ffee]);
  const source = device.createBuffer({
    size: words.byteLength,
    usage: bufferUsage.copySource | bufferUsage.copyTarget,
  });
  const target = device.createBuffer({
    size: words.byteLength,
    usage: bufferUsage.mapRead | bufferUsage.copyTarget,
  });
  try {
    device.queue.writeBuffer(source, 0, words);
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(source, 0, target, 0, words.byteLength);
    device.queue.submit([encoder.finish()]);
    await guarded.orLost(target.mapAsync(mapModeRead));
    const read = new Uint32Array(target.getMappedRange());
    if (read.length !== words.length || read.some((word, index) => word !== words[index])) {
      throw new Error('the bytes that came back differ from those written');
    }
  } catch (error) {
    throw new GpuError(
      `This runtime cannot read buffers back from the GPU: ${messageOf(error)}. ` +
        'Use a plain Node executable for the GPU process.',
      { cause: error },
    );
  } finally {
    source.destroy();
    target.destroy();
  }
}
