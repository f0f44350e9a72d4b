import type { LinkedModule } from '../plans/plan.ts';
import type { GuardedDevice } from './device.ts';
import { CompileError, GpuError, messageOf } from './errors.ts';

/** `plain` runs as linked; `counting` is the rewrite that counts its own accesses. */
export type Variant = 'plain' | 'counting';

/** A sweep makes a module for each shape; the oldest pipelines go first. */
const capacity = 64;

/** Compute pipelines of one device, by module hash, entry point and variant. */
export class PipelineCache {
  readonly #device: GuardedDevice;
  readonly #pipelines = new Map<string, GPUComputePipeline>();

  constructor(device: GuardedDevice) {
    this.#device = device;
  }

  /** Compiles, or returns what was compiled before. Throws `CompileError` with the lines at fault. */
  async get(module: LinkedModule, entryPoint: string, variant: Variant): Promise<GPUComputePipeline> {
    const key = `${variant} ${module.hash} ${entryPoint}`;
    const found = this.#pipelines.get(key);
    if (found) {
      this.#pipelines.delete(key);
      this.#pipelines.set(key, found);
      return found;
    }
    const code = variant === 'plain' ? module.wgsl : module.counting.wgsl;
    const name = `${module.id} (${variant})`;
    const pipeline = await compile(this.#device, name, code, entryPoint, module.constants).catch((error) => {
      // Places in the rewritten text would lead a reader astray in the module's own.
      if (error instanceof CompileError && variant === 'counting') throw new CompileError(error.message);
      throw error;
    });
    this.#pipelines.set(key, pipeline);
    for (const oldest of this.#pipelines.keys()) {
      if (this.#pipelines.size <= capacity) break;
      this.#pipelines.delete(oldest);
    }
    return pipeline;
  }
}

/** Compiles one entry point; the layout is the one that the WGSL declares. */
export async function compile(
  guarded: GuardedDevice,
  name: string,
  code: string,
  entryPoint: string,
  constants: Record<string, number> = {},
): Promise<GPUComputePipeline> {
  const { device } = guarded;
  guarded.check();
  // The scope only keeps the module's error from being uncaptured; its messages say more.
  device.pushErrorScope('validation');
  const module = device.createShaderModule({ label: name, code });
  const scope = device.popErrorScope();
  const [info, invalid] = await guarded.orLost(Promise.all([module.getCompilationInfo(), scope]));
  const errors = info.messages.filter((message) => message.type === 'error');
  if (errors.length > 0) {
    throw new CompileError(
      `Kernel ${name} does not compile:\n${errors.map((e) => describe(e, code)).join('\n')}`,
      errors.map(({ lineNum, linePos, message }) => ({ line: lineNum, column: linePos, message })),
    );
  }
  if (invalid) throw new CompileError(`Kernel ${name} is not valid: ${messageOf(invalid)}`);
  try {
    return await guarded.orLost(
      device.createComputePipelineAsync({
        label: name,
        layout: 'auto',
        compute: { module, entryPoint, constants },
      }),
    );
  } catch (error) {
    if (error instanceof GpuError) throw error;
    guarded.check();
    throw new CompileError(`Kernel ${name}, entry point ${entryPoint}: ${messageOf(error)}`, [], {
      cause: error,
    });
  }
}

function describe(message: GPUCompilationMessage, code: string): string {
  if (message.lineNum === 0) return `  ${message.message}`;
  const line = code.split('\n')[message.lineNum - 1]?.trim() ?? '';
  return `  line ${message.lineNum}, column ${message.linePos}: ${message.message}: ${line}`;
}
