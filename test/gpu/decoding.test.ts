import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { findAlgorithm } from '../../src/attention/catalogue.ts';
import type { DeviceLimits } from '../../src/attention/limits.ts';
import { noOptions, type Problem } from '../../src/attention/problem.ts';
import type { RequestedTiling } from '../../src/attention/tiling.ts';
import { measureRun } from '../../src/profiler/measureRun.ts';
import { trafficDifference } from '../../src/profiler/sameTraffic.ts';
import { openInProcessHost } from '../support/inProcessHost.ts';

vi.setConfig({ testTimeout: 180_000 });

let host: Awaited<ReturnType<typeof openInProcessHost>>;

beforeAll(async () => {
  host = await openInProcessHost();
});

afterAll(() => host?.dispose());

const decoding: Problem = {
  ...{ batch: 2, heads: 6, kvHeads: 2, seqLenQ: 1, seqLenKv: 300, headDim: 20, headDimV: 12 },
  ...noOptions,
  ...{ dtype: 'f32', seed: 11 },
};

async function run(
  id: string,
  options: Partial<Problem>,
  tiling: RequestedTiling | null = null,
  limits: Partial<DeviceLimits> = {},
) {
  const device = host.session.description;
  const result = await measureRun(
    {
      row: findAlgorithm(id)!,
      pass: 'forward',
      problem: { ...decoding, ...options },
      adapter: 'auto',
      tiling,
      steps: { check: { rows: 'all' }, count: true, time: null },
      budgetMs: null,
    },
    { ...device, limits: { ...device.limits, ...limits } },
    host,
  );
  expect(result.reason).toBeUndefined();
  expect(result.status).toBe('ok');
  for (const error of Object.values(result.measurement!.errors!)) {
    expect(error.relativeL2).toBeLessThan(1e-5);
    expect(error.rows).toBe(error.of);
  }
  expect(trafficDifference(result.counted!, result.cost!.traffic)).toBeNull();
  expect(result.measurement!.memory.peakBytes).toBe(result.cost!.memory.peakBytes);
  return result;
}

describe.each(['flash-decoding', 'flash-decoding-paged'])('%s', (id) => {
  it('reads K and V once for a group of heads with one query each', async () => {
    const { counted } = await run(id, {});
    const rows = decoding.batch * decoding.kvHeads * decoding.seqLenKv;
    expect(counted!.buffers.k!.loads).toBe(BigInt((rows * decoding.headDim) / 4));
    expect(counted!.buffers.v!.loads).toBe(BigInt((rows * decoding.headDimV) / 4));
  });

  it.each([1, 3, 7, 64])('merges %i splits with tiles that no page fits', async (splits) => {
    const { tiling } = await run(id, { seqLenQ: 3, seqLenKv: 301 }, { br: 8, bc: 12, splits });
    expect(tiling!.splits).toBeLessThanOrEqual(splits);
    expect(tiling!.splits).toBeGreaterThan(splits / 4);
  });

  it('takes whole groups where bindings are small', async () => {
    const limits = { maxStorageBufferBindingSize: 48_000, maxBufferSize: 480_000 };
    const { tiling } = await run(id, { batch: 3, causal: 'bottom-right', seqLenQ: 9 }, null, limits);
    expect(tiling!.headsPerSlice).toBeLessThan(18);
    expect(tiling!.headsPerSlice % 3).toBe(0);
  });

  it('skips splits that a window hides', async () => {
    const options = {
      seqLenQ: 40,
      window: { left: 17, right: null },
      causal: 'bottom-right',
      sinks: true,
    } as const;
    const { cost } = await run(id, options, { splits: 8 });
    expect(cost!.tiles.skipped).toBeGreaterThan(0);
  });
});

it('refuses splits that cannot be', async () => {
  const refused = await measureRun(
    {
      row: findAlgorithm('flash-decoding')!,
      pass: 'forward',
      problem: decoding,
      adapter: 'auto',
      tiling: { splits: 0 },
      steps: { check: null, count: true, time: null },
      budgetMs: null,
    },
    host.session.description,
    host,
  );
  expect(refused.status).toBe('skipped');
  expect(refused.reason).toContain('splits=0');
});
