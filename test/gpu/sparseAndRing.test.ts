import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BlockMask } from '../../src/attention/blockMask.ts';
import { findAlgorithm } from '../../src/attention/catalogue.ts';
import type { DeviceDescription, DeviceLimits } from '../../src/attention/limits.ts';
import { noOptions, type Pass, type Problem } from '../../src/attention/problem.ts';
import type { RequestedTiling } from '../../src/attention/tiling.ts';
import { measureRun } from '../../src/profiler/measureRun.ts';
import { trafficDifference } from '../../src/profiler/sameTraffic.ts';
import { openInProcessHost } from '../support/inProcessHost.ts';

vi.setConfig({ testTimeout: 180_000 });

let host: Awaited<ReturnType<typeof openInProcessHost>>;
let device: DeviceDescription;

beforeAll(async () => {
  host = await openInProcessHost();
  device = host.session.description;
});

afterAll(() => host?.dispose());

const base: Problem = {
  ...{ batch: 2, heads: 4, kvHeads: 2, seqLenQ: 61, seqLenKv: 83, headDim: 20, headDimV: 12 },
  ...noOptions,
  ...{ dtype: 'f32', seed: 17 },
};

const tile = { br: 16, bc: 8 };

/** A small binding limit, so that the heads go in slices that begin anywhere. */
const sliced = { maxStorageBufferBindingSize: 24_000, maxBufferSize: 240_000 };

const everyOption: Partial<Problem> = {
  causal: 'bottom-right',
  window: { left: 40, right: null },
  lengths: [29, 83],
  bias: { batch: 1, heads: 1 },
  alibi: true,
  softcap: 4,
  sinks: true,
  dropout: 0.3,
};

async function check(
  id: string,
  pass: Pass,
  problem: Problem,
  tiling: RequestedTiling | null = tile,
  limits: Partial<DeviceLimits> = {},
) {
  const result = await measureRun(
    {
      ...{ row: findAlgorithm(id)!, pass, problem, tiling, adapter: 'auto' },
      steps: { check: { rows: 'all' }, count: true, time: null },
      budgetMs: null,
    },
    { ...device, limits: { ...device.limits, ...limits } },
    host,
  );
  expect(result.reason).toBeUndefined();
  for (const error of Object.values(result.measurement!.errors!)) {
    expect(error.relativeL2).toBeLessThan(1e-5);
    expect(error.nonFinite).toBe(0);
  }
  expect(trafficDifference(result.counted!, result.cost!.traffic)).toBeNull();
  expect(result.measurement!.memory.peakBytes).toBe(result.cost!.memory.peakBytes);
  return result;
}

const masks: BlockMask[] = [
  { kind: 'local', width: 1 },
  { kind: 'strided', stride: 3 },
  { kind: 'butterfly' },
  { kind: 'random', density: 0.3 },
];

describe.each(['forward', 'backward'] as const)('block-sparse-flash %s', (pass) => {
  it.each(masks)('walks the blocks of $kind alone', async (blockMask) => {
    const { cost } = await check('block-sparse-flash', pass, { ...base, blockMask });
    expect(cost!.tiles.skipped).toBeGreaterThan(0);
    expect(cost!.tiles.skipped).toBeLessThan(cost!.tiles.total);
  });

  it('composes with every other option, and drops the blocks that these empty', async () => {
    const blockMask: BlockMask = { kind: 'random', density: 0.5 };
    const alone = await check('block-sparse-flash', pass, { ...base, blockMask });
    const both = await check(
      'block-sparse-flash',
      pass,
      { ...base, ...everyOption, blockMask },
      tile,
      sliced,
    );
    expect(both.tiling!.headsPerSlice).toBeLessThan(8);
    expect(both.cost!.tiles.skipped).toBeGreaterThan(alone.cost!.tiles.skipped);
  });

  it('has rows without any block: O is zero', async () => {
    const problem: Problem = { ...base, lengths: [0, 9], blockMask: { kind: 'local', width: 0 } };
    const { cost } = await check('block-sparse-flash', pass, problem);
    expect(cost!.tiles.skipped).toBeGreaterThan(cost!.tiles.total / 2);
  });
});

describe('block-sparse-flash', () => {
  it('moves K and V in proportion to the listed share', async () => {
    const dense = await check('flash2', 'forward', base);
    const sparse = await check('block-sparse-flash', 'forward', { ...base, blockMask: masks[0]! });
    const { total, skipped } = sparse.cost!.tiles;
    const share = Number(sparse.counted!.buffers.k!.readBytes) / Number(dense.counted!.buffers.k!.readBytes);
    expect(share).toBeCloseTo((total - skipped) / total, 1);
  });

  it('refuses without a block mask', async () => {
    const row = findAlgorithm('block-sparse-flash')!;
    expect(row.supports(base, 'forward')).toMatch(/--block-mask/);
  });
});

describe.each(['ring', 'ring-striped'])('%s', (id) => {
  it.each([1, 2, 3, 7])('merges the steps of %i devices', async (ringDevices) => {
    const { counted } = await check(id, 'forward', { ...base, ringDevices });
    const { kvHeads, batch, seqLenKv, headDim, headDimV } = base;
    const kv = batch * kvHeads * seqLenKv * (headDim + headDimV) * 4;
    const send = counted!.stages.find(({ name }) => name === 'send');
    // Each of the P - 1 rotations moves all of K and V once, in and out.
    expect(Number(send?.readBytes ?? 0)).toBe((ringDevices - 1) * kv);
    expect(Number(send?.writeBytes ?? 0)).toBe((ringDevices - 1) * kv);
  });

  it('composes with every option', async () => {
    const result = await check(id, 'forward', { ...base, ...everyOption }, { br: 8, bc: 8 }, sliced);
    expect(result.tiling!.headsPerSlice).toBeLessThan(8);
  });

  it('has packed sequences that no device boundary respects', async () => {
    const packed = { batch: 1, seqLenQ: 71, seqLenKv: 71, packed: [9, 41, 21] };
    await check(id, 'forward', { ...base, ...packed, causal: 'bottom-right', dropout: 0.2 });
  });
});

describe('striped layout', () => {
  it('leaves under a causal mask no tile that only some steps have', async () => {
    const square = { ...base, seqLenQ: 128, seqLenKv: 128, causal: 'top-left' as const };
    const plain = await check('ring', 'forward', square, { br: 8, bc: 8 });
    const striped = await check('ring-striped', 'forward', square, { br: 8, bc: 8 });
    // In stretches half of the device pairs see nothing at all; in stripes every pair sees about half.
    expect(plain.cost!.tiles.skipped).toBeGreaterThan(striped.cost!.tiles.skipped);
    expect(striped.counted!.stages.find(({ name }) => name === 'send')!.readBytes).toBe(
      plain.counted!.stages.find(({ name }) => name === 'send')!.readBytes,
    );
  });
});
