import { create } from 'webgpu';
import type { DeviceDescription } from '../../../src/attention/limits.ts';
import { describeAdapter } from '../../../src/gpu/describe.ts';
import { GuardedDevice } from '../../../src/gpu/device.ts';
import { DeviceSession } from '../../../src/gpu/deviceSession.ts';
import { openSession } from '../../../src/gpu/openSession.ts';

/** Holds every GPU object it makes: Dawn crashes when one is collected while its devices live. */
export class TestGpu {
  readonly gpu: GPU = create(['disable-dawn-features=timestamp_quantization']);
  readonly #disposables: { dispose(): void }[] = [];

  async session() {
    const session = await openSession(this.gpu);
    this.#disposables.push(session);
    return session;
  }

  /** A device alone, and the session on it, for tests that look below `measure`. */
  async device(features: GPUFeatureName[] = ['timestamp-query'], described: Partial<DeviceDescription> = {}) {
    const adapter = (await this.gpu.requestAdapter())!;
    const device = await adapter.requestDevice({
      requiredFeatures: features,
      requiredLimits: {
        maxBufferSize: adapter.limits.maxBufferSize,
        maxStorageBufferBindingSize: adapter.limits.maxStorageBufferBindingSize,
      },
    });
    const guarded = new GuardedDevice(device);
    const session = new DeviceSession(guarded, { ...describeAdapter(adapter, device, {}), ...described });
    this.#disposables.push(session);
    return { device, guarded, session };
  }

  dispose(): void {
    for (const disposable of this.#disposables.splice(0)) disposable.dispose();
  }
}

/** Counts the buffers of a device that were made and not destroyed, by watching the real calls. */
export function watchBuffers(device: GPUDevice): { live: () => number; made: () => number } {
  let made = 0;
  let live = 0;
  const createBuffer = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    const buffer = createBuffer(descriptor);
    made++;
    live++;
    const destroy = buffer.destroy.bind(buffer);
    let destroyed = false;
    buffer.destroy = () => {
      if (!destroyed) live--;
      destroyed = true;
      return destroy();
    };
    return buffer;
  };
  return { live: () => live, made: () => made };
}
