import type { Peaks } from '../attention/limits.ts';
import { sleep, throwIfCancelled } from './cancellation.ts';
import { bufferUsage } from './constants.ts';
import type { GuardedDevice } from './device.ts';
import { OutOfMemoryError } from './errors.ts';
import { Ledger, type LedgerEntry } from './ledger.ts';
import { PassClock } from './passClock.ts';
import { copyKernel, flopsPerTurn, fmaKernel } from './peakKernels.ts';
import { compile } from './pipelines.ts';

const mebibyte = 1024 * 1024;

/** Sizes that fill the device; a software adapter is full with little, and slow. */
const workloads = {
  hardware: { copyBytes: 256 * mebibyte, groups: 4096, longEnoughMs: 10 },
  software: { copyBytes: 16 * mebibyte, groups: 32, longEnoughMs: 8 },
};
const leastCopyBytes = 16 * mebibyte;
/** A peak is what was reached once: the best of a few is it. */
const attempts = 3;

interface Bench {
  guarded: GuardedDevice;
  ledger: Ledger;
  clock: PassClock | null;
  workgroupSize: number;
  load: (typeof workloads)['hardware'];
  signal: AbortSignal | undefined;
}

/**
 * Rates of the device, measured on it: storage-buffer copy (bytes read plus written), and fused
 * multiply-adds in f32 and f16 (null without `shader-f16`). Under half a second each. A rate that cannot
 * be measured is null. Throws `AbortError`, and `DeviceLostError`.
 */
export async function measurePeaks(
  guarded: GuardedDevice,
  isSoftware: boolean,
  signal?: AbortSignal,
): Promise<Peaks> {
  const ledger = new Ledger(guarded);
  const { features, limits } = guarded.device;
  let clock: PassClock | null = null;
  try {
    clock = features.has('timestamp-query') ? await PassClock.create(guarded, ledger, 1) : null;
    const bench: Bench = {
      guarded,
      ledger,
      clock,
      workgroupSize: Math.min(256, limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX),
      load: isSoftware ? workloads.software : workloads.hardware,
      signal,
    };
    return {
      provenance: 'measured',
      bandwidthGBs: await orNull(bench, () => copyRate(bench)),
      f32Gflops: await orNull(bench, () => fmaRate(bench, 'f32')),
      f16Gflops: features.has('shader-f16') ? await orNull(bench, () => fmaRate(bench, 'f16')) : null,
    };
  } finally {
    clock?.dispose();
    ledger.dispose();
  }
}

/** A peak is an extra: what fails here must not fail a measurement, unless the device itself is gone. */
async function orNull(bench: Bench, measure: () => Promise<number>): Promise<number | null> {
  try {
    return await measure();
  } catch {
    throwIfCancelled(bench.signal);
    bench.guarded.check();
    return null;
  }
}

async function copyRate(bench: Bench): Promise<number> {
  const { guarded, load, workgroupSize } = bench;
  const { device } = guarded;
  const pipeline = await compile(guarded, 'copy peak', copyKernel(workgroupSize), 'main');
  const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
  const most = Math.min(load.copyBytes, maxBufferSize, maxStorageBufferBindingSize);
  const { source, target } = await copyBuffers(bench, most);
  const group = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [
      { binding: 0, resource: { buffer: source.buffer } },
      { binding: 1, resource: { buffer: target.buffer } },
    ],
  });
  const groups = Math.min(load.groups, Math.ceil(source.bytes / 16 / workgroupSize));
  await timeDispatch(bench, pipeline, group, groups);
  const milliseconds = await best(() => timeDispatch(bench, pipeline, group, groups));
  bench.ledger.release(source);
  bench.ledger.release(target);
  return (2 * source.bytes) / milliseconds / 1e6;
}

/** Two buffers as large as memory allows, from `bytes` down. */
async function copyBuffers(
  bench: Bench,
  bytes: number,
): Promise<{ source: LedgerEntry; target: LedgerEntry }> {
  const source = await bench.ledger.allocate('harness', 'copy source', bytes, bufferUsage.storage);
  try {
    const target = await bench.ledger.allocate('harness', 'copy target', bytes, bufferUsage.storage);
    return { source, target };
  } catch (error) {
    bench.ledger.release(source);
    if (!(error instanceof OutOfMemoryError) || bytes / 2 < leastCopyBytes) throw error;
    return await copyBuffers(bench, bytes / 2);
  }
}

async function fmaRate(bench: Bench, type: 'f32' | 'f16'): Promise<number> {
  const { guarded, ledger, load, workgroupSize } = bench;
  const { device } = guarded;
  const invocations = load.groups * workgroupSize;
  const settings = await ledger.allocate(
    'harness',
    'peak settings',
    16,
    bufferUsage.uniform | bufferUsage.copyTarget,
  );
  const output = await ledger.allocate('harness', 'peak output', invocations * 4, bufferUsage.storage);
  let most = 0;
  for (const fused of [true, false]) {
    const kernel = fmaKernel(type, fused, workgroupSize);
    const pipeline = await compile(guarded, `${type} peak`, kernel, 'main');
    const group = device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [
        { binding: 0, resource: { buffer: settings.buffer } },
        { binding: 1, resource: { buffer: output.buffer } },
      ],
    });
    const run = (turns: number) => {
      const words = new Uint32Array(4);
      words[0] = turns;
      // Values stay near one: no overflow, and no denormals, which are slow on processors.
      new Float32Array(words.buffer).set([0.5, 0.5], 1);
      device.queue.writeBuffer(settings.buffer, 0, words);
      return timeDispatch(bench, pipeline, group, load.groups);
    };
    let turns = 16;
    await run(turns);
    while ((await run(turns)) < load.longEnoughMs && turns < 2 ** 20) turns *= 4;
    const milliseconds = await best(() => run(turns));
    most = Math.max(most, (invocations * turns * flopsPerTurn) / milliseconds / 1e6);
  }
  ledger.release(settings);
  ledger.release(output);
  return most;
}

async function best(measure: () => Promise<number>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < attempts; attempt++) least = Math.min(least, await measure());
  return least;
}

/** Milliseconds of one dispatch in a pass of its own: device time, or wall time without timestamps. */
async function timeDispatch(
  { guarded, clock, signal }: Bench,
  pipeline: GPUComputePipeline,
  group: GPUBindGroup,
  groups: number,
): Promise<number> {
  await sleep(0, signal);
  throwIfCancelled(signal);
  const { device } = guarded;
  return await guarded.scoped('Measuring a peak', async () => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass(clock ? { timestampWrites: clock.writes(0) } : {});
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(groups);
    pass.end();
    clock?.resolve(encoder, 1);
    const start = performance.now();
    device.queue.submit([encoder.finish()]);
    await guarded.orLost(device.queue.onSubmittedWorkDone());
    const wallMs = performance.now() - start;
    return (clock ? (await clock.read(1))[0] : 0) || wallMs;
  });
}
