import { HostError } from './errors.ts';

/** What the npm package `webgpu` exports. */
export interface DawnModule {
  create(flags: string[]): GPU;
  globals: Record<string, unknown>;
}

/**
 * Dawn in this process. Owns every instance it makes: a `GPU` object that is collected while its adapter or
 * device lives takes the process down, so none is let go before the process ends.
 */
export class Dawn {
  readonly #module: DawnModule;
  readonly #instances: GPU[] = [];

  private constructor(module: DawnModule) {
    this.#module = module;
  }

  /** Loads the library and makes WebGPU's constants and classes global, as in a page. */
  static async load(url: URL): Promise<Dawn> {
    let module: DawnModule;
    try {
      module = (await import(url.href)) as DawnModule;
    } catch (error) {
      const what = `${process.platform}-${process.arch}, Node ${process.versions.node}`;
      throw new HostError(
        'no-dawn',
        `The WebGPU library (Dawn) does not load on ${what}: ${firstLine(error)}. ` +
          'Install the build of this product that is made for this platform.',
      );
    }
    Object.assign(globalThis, module.globals);
    return new Dawn(module);
  }

  /** An instance that sees all adapters, or only those whose name contains `adapter`, as Dawn spells it. */
  instance(adapter: string | null): GPU {
    const flags = [
      // Timestamps would come in steps of 65,536 ns, longer than a short kernel.
      'disable-dawn-features=timestamp_quantization',
      // Our kernels write workgroup memory before they read it; zeroing it first costs time in every
      // workgroup, and fifty times the compile time on the embedded adapter.
      'enable-dawn-features=disable_workgroup_init',
    ];
    if (adapter !== null) flags.push(`adapter=${adapter}`);
    const gpu = this.#module.create(flags);
    this.#instances.push(gpu);
    return gpu;
  }
}

export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n', 1)[0] ?? '';
}
