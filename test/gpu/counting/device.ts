import { create, globals } from 'webgpu';

/** A device together with the instance that it came from: Dawn crashes once the instance is collected. */
export class TestDevice {
  readonly #instance: GPU;
  readonly device: GPUDevice;

  private constructor(instance: GPU, device: GPUDevice) {
    this.#instance = instance;
    this.device = device;
  }

  /** `options`: Dawn toggles, such as `backend=null` for an adapter that compiles and runs nothing. */
  static async open(options: string[], features: GPUFeatureName[] = []): Promise<TestDevice> {
    Object.assign(globalThis, globals);
    const instance = create(options);
    const adapter = await instance.requestAdapter();
    if (!adapter)
      throw new Error('no GPU adapter: run the tests through npm test, which sets the embedded one');
    return new TestDevice(instance, await adapter.requestDevice({ requiredFeatures: features }));
  }

  get languageFeatures(): WGSLLanguageFeatures {
    return this.#instance.wgslLanguageFeatures;
  }

  close(): void {
    this.device.destroy();
  }

  /** Compiles a compute pipeline; throws with the compiler's own words. */
  async compile(wgsl: string, entryPoint: string): Promise<GPUComputePipeline> {
    this.device.pushErrorScope('validation');
    const module = this.device.createShaderModule({ code: wgsl });
    const pipeline = this.device.createComputePipeline({ layout: 'auto', compute: { module, entryPoint } });
    const error = await this.device.popErrorScope();
    if (error) throw new Error(`${error.message}\n${wgsl}`);
    return pipeline;
  }

  /** Runs one dispatch and returns what the storage buffers hold afterwards, by binding. */
  async dispatch(run: Dispatch): Promise<Map<number, Uint32Array<ArrayBuffer>>> {
    const { device } = this;
    const pipeline = await this.compile(run.wgsl, run.entryPoint);
    const made: GPUBuffer[] = [];
    const make = (size: number, usage: GPUBufferUsageFlags) => {
      const buffer = device.createBuffer({ size, usage });
      made.push(buffer);
      return buffer;
    };
    try {
      const entries: GPUBindGroupEntry[] = [];
      const readbacks = new Map<number, GPUBuffer>();
      const encoder = device.createCommandEncoder();
      const copies: (() => void)[] = [];
      for (const { binding, words, uniform } of run.buffers) {
        const usage = uniform ? GPUBufferUsage.UNIFORM : GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
        const buffer = make(words.byteLength, usage | GPUBufferUsage.COPY_DST);
        device.queue.writeBuffer(buffer, 0, words);
        entries.push({ binding, resource: { buffer } });
        if (uniform) continue;
        const readback = make(words.byteLength, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
        readbacks.set(binding, readback);
        copies.push(() => encoder.copyBufferToBuffer(buffer, 0, readback, 0, words.byteLength));
      }
      device.pushErrorScope('validation');
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
      pass.dispatchWorkgroups(...run.workgroups);
      pass.end();
      for (const copy of copies) copy();
      device.queue.submit([encoder.finish()]);
      const error = await device.popErrorScope();
      if (error) throw new Error(`${error.message}\n${run.wgsl}`);

      const results = new Map<number, Uint32Array<ArrayBuffer>>();
      for (const [binding, readback] of readbacks) {
        await readback.mapAsync(GPUMapMode.READ);
        results.set(binding, new Uint32Array(readback.getMappedRange().slice(0)));
      }
      return results;
    } finally {
      for (const buffer of made) buffer.destroy();
    }
  }
}

export interface DispatchBuffer {
  binding: number;
  words: Uint32Array<ArrayBuffer>;
  uniform?: boolean;
}

export interface Dispatch {
  wgsl: string;
  entryPoint: string;
  workgroups: [number, number, number];
  buffers: DispatchBuffer[];
}
