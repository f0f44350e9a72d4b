import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { findAlgorithm } from '../../src/attention/catalogue.ts';
import type { DeviceDescription, DeviceLimits } from '../../src/attention/limits.ts';
import { noOptions, type Pass, type Problem } from '../../src/attention/problem.ts';
import type { RequestedTiling } from '../../src/attention/tiling.ts';
import type { Traffic } from '../../src/attention/traffic.ts';
import { measureRun } from '../../src/profiler/measureRun.ts';
import { trafficDifference } from '../../src/profiler/sameTraffic.ts';
import { openInProcessHost } from '../support/inProcessHost.ts';

vi.setConfig({ testTimeout: 180_000 });

const row = findAlgorithm('flash1')!;
let host: Awaited<ReturnType<typeof openInProcessHost>>;
let device: DeviceDescription;

beforeAll(async () => {
  host = await openInProcessHost();
  device = host.session.description;
});

afterAll(() => host?.dispose());

const square: Problem = {
  ...{ batch: 1, heads: 2, kvHeads: 2, seqLenQ: 256, seqLenKv: 256, headDim: 16, headDimV: 16 },
  ...noOptions,
  ...{ dtype: 'f32', seed: 11 },
};

/** Bytes of u: one tensor of N rows of d for every batch entry and head. */
const u = square.batch * square.heads * square.seqLenQ * square.headDim * 4;

async function measure(
  pass: Pass,
  problem: Problem,
  tiling: RequestedTiling | null,
  limits: Partial<DeviceLimits> = {},
) {
  const result = await measureRun(
    {
      ...{ row, pass, problem, tiling, adapter: 'auto' },
      steps: { check: { rows: 'all' }, count: true, time: null },
      budgetMs: null,
    },
    { ...device, limits: { ...device.limits, ...limits } },
    host,
  );
  expect(result.reason).toBeUndefined();
  for (const error of Object.values(result.measurement!.errors!)) {
    expect(error.nonFinite).toBe(0);
    expect(error.relativeL2).toBeLessThan(row.errorBound![problem.dtype]);
  }
  expect(trafficDifference(result.counted!, result.cost!.traffic)).toBeNull();
  return result;
}

/** Bytes of the N x d tensors alone: the softmax statistics are counted apart. */
function tensorTraffic({ buffers }: Traffic<'counted'>): bigint {
  let bytes = 0n;
  for (const [name, tally] of Object.entries(buffers)) {
    if (name !== 'statistics') bytes += tally.readBytes + tally.writeBytes;
  }
  return bytes;
}

describe('the block-size curve of the FlashAttention paper (Figure 2, middle), from counted bytes', () => {
  it.each([2, 4, 8, 16])('forward with %i blocks of keys: (3 Tc + 1) u', async (blocks) => {
    const { counted } = await measure('forward', square, { bc: square.seqLenKv / blocks });
    expect(tensorTraffic(counted!)).toBe(BigInt((3 * blocks + 1) * u));
    const rows = square.heads * square.seqLenQ;
    expect(counted!.buffers.statistics).toMatchObject({
      loads: BigInt(2 * rows * (blocks - 1)),
      stores: BigInt(2 * rows * blocks),
    });
  });

  it.each([2, 4, 8, 16])('backward with %i blocks of keys: (4 Tc + 4) u', async (blocks) => {
    const { counted } = await measure('backward', square, { bc: square.seqLenKv / blocks });
    expect(tensorTraffic(counted!)).toBe(BigInt((4 * blocks + 4) * u));
  });

  it('is the same in 16-bit storage, at half the bytes', async () => {
    const { counted } = await measure('forward', { ...square, dtype: 'f16' }, { bc: 32 });
    expect(tensorTraffic(counted!)).toBe(BigInt((3 * 8 + 1) * (u / 2)));
  });
});

describe.each(['forward', 'backward'] as const)('flash1 %s', (pass) => {
  it('takes back what the first block that a row of tiles meets left, wherever that is', async () => {
    const banded = { ...square, seqLenQ: 150, seqLenKv: 130, window: { left: 20, right: 3 } };
    const { cost } = await measure(pass, banded, { br: 8, bc: 8 });
    expect(cost!.tiles.skipped).toBeGreaterThan(cost!.tiles.total / 2);
  });

  it('slices of heads where bindings are small, starting anywhere in their buffers', async () => {
    const grouped = { ...square, batch: 2, heads: 6, kvHeads: 3, seqLenQ: 45, seqLenKv: 51 };
    const odd: Problem = { ...grouped, headDim: 18, headDimV: 7, causal: 'bottom-right' };
    const limits = { maxStorageBufferBindingSize: 24_000, maxBufferSize: 240_000 };
    const { tiling } = await measure(pass, odd, null, limits);
    expect(tiling!.headsPerSlice).toBeLessThan(12);
  });

  it('stays within its bound with a rounding of O and dQ at each of 64 blocks', async () => {
    await measure(pass, { ...square, dtype: 'bf16' }, { br: 16, bc: 4 });
  });
});
