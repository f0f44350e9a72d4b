import { HostError } from '../host/errors.ts';
import type { AdapterChoice, GpuHost, Measurement, MeasureProgress, TensorFiles } from '../host/protocol.ts';
import type { PreparedKernel } from '../plans/userKernel/prepare.ts';
import { KernelProblem } from '../plans/userKernel/problem.ts';
import { describeAgain } from './describeAgain.ts';
import type { ProfileProgress } from './job.ts';
import { type KernelCount, kernelCountOf } from './kernelCount.ts';
import { obstacleOnDevice } from './kernelObstacle.ts';
import { fatalKinds } from './measureRun.ts';

export interface CountKernelRequest {
  prepared: PreparedKernel;
  /** How messages call the kernel: its file's name. */
  name: string;
  adapter: AdapterChoice;
  /** Timed samples. */
  repeats: number;
  /** Seconds that the whole may take; a dispatch that takes longer is held for hung. Null: half a minute. */
  timeBudgetSeconds: number | null;
  /** The run folder with the .npy inputs, where there are any. */
  files: TensorFiles | null;
}

/**
 * Counts and times a prepared kernel on one device, by the same rewrite and the same clock as our own. What
 * goes wrong on the device is a result with the status `failed`. Throws KernelProblem where the device's
 * compiler refuses the WGSL or the device cannot run it, `AbortError` when cancelled, and `HostError` where
 * no device opens.
 */
export async function countKernel(
  request: CountKernelRequest,
  host: GpuHost,
  options: { signal?: AbortSignal; onProgress?: (progress: ProfileProgress) => void } = {},
): Promise<KernelCount> {
  const { prepared, adapter, repeats, timeBudgetSeconds, files } = request;
  const { signal, onProgress } = options;
  onProgress?.({ message: 'Opening the GPU', fraction: 0 });
  const device = await host.open(adapter, signal);
  const obstacle = obstacleOnDevice(prepared, device);
  if (obstacle) throw obstacle;
  const measurement = await measure(prepared, host, {
    adapter,
    repeats,
    budgetMs: timeBudgetSeconds === null ? null : timeBudgetSeconds * 1000,
    files,
    ...(signal ? { signal } : {}),
    onProgress: (progress) => onProgress?.({ message: inWords(progress), fraction: progress.fraction }),
  });
  if (measurement.compileErrors && measurement.compileErrors.length > 0) {
    const [first, ...others] = measurement.compileErrors;
    const more = others.length > 0 ? ` (and ${others.length} more)` : '';
    const { line, column, message } = first!;
    throw new KernelProblem('kernel', `It does not compile: ${message}${more}`, line || null, column || null);
  }
  return kernelCountOf(
    request.name,
    prepared,
    await describeAgain(device, adapter, host, signal),
    measurement,
  );
}

interface MeasureArguments {
  adapter: AdapterChoice;
  repeats: number;
  budgetMs: number | null;
  files: TensorFiles | null;
  signal?: AbortSignal;
  onProgress: (progress: MeasureProgress) => void;
}

/** A hang or a crash is a result; only what no other kernel would survive either is thrown. */
async function measure(
  { plan, module }: PreparedKernel,
  host: GpuHost,
  { adapter, repeats, budgetMs, files, ...options }: MeasureArguments,
): Promise<Measurement> {
  try {
    return await host.measure(
      adapter,
      {
        plan,
        modules: [module],
        // A kernel without a single access has nothing to count.
        steps: { check: null, count: module.counting.sites.length > 0, time: { samples: repeats } },
        budgetMs,
        ...(files ? { files } : {}),
      },
      options,
    );
  } catch (error) {
    if (!(error instanceof HostError) || fatalKinds.has(error.kind)) throw error;
    return {
      status: 'failed',
      reason: error.kind === 'hang' ? hung(error) : error.message,
      time: null,
      partial: null,
      counts: null,
      errors: null,
      memory: { peakBytes: 0, harnessPeakBytes: 0, buffers: [] },
    };
  }
}

/** A dispatch is one piece of work: whether it would have ended some day nobody can tell. */
function hung({ progress }: HostError): string {
  const seconds = Math.round((progress?.patienceMs ?? 30_000) / 1000);
  const doing = progress?.phase === 'compile' ? 'its compilation' : 'it';
  return (
    `${doing} did not end within ${seconds} s, so the GPU process was stopped. Look for a loop without an end, ` +
    'take a smaller dispatch, or raise the time budget. It is not run again as it is in this session.'
  );
}

function inWords({ phase }: MeasureProgress): string {
  return {
    upload: 'filling the buffers',
    compile: 'compiling',
    run: 'first run',
    check: 'checking',
    count: 'counting accesses',
    time: 'timing',
    readback: 'reading back',
  }[phase];
}
