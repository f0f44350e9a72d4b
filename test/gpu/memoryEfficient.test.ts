import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { chooseTiling, findAlgorithm } from '../../src/attention/catalogue.ts';
import type { DeviceDescription, DeviceLimits } from '../../src/attention/limits.ts';
import { noOptions, type Pass, type Problem } from '../../src/attention/problem.ts';
import type { RequestedTiling } from '../../src/attention/tiling.ts';
import { measureRun } from '../../src/profiler/measureRun.ts';
import { trafficDifference } from '../../src/profiler/sameTraffic.ts';
import { openInProcessHost } from '../support/inProcessHost.ts';

vi.setConfig({ testTimeout: 180_000 });

const row = findAlgorithm('memory-efficient')!;
let host: Awaited<ReturnType<typeof openInProcessHost>>;
let device: DeviceDescription;

beforeAll(async () => {
  host = await openInProcessHost();
  device = host.session.description;
});

afterAll(() => host?.dispose());

const problem = (options: Partial<Problem>): Problem => ({
  ...{ batch: 1, heads: 2, kvHeads: 1, seqLenQ: 150, seqLenKv: 130, headDim: 8, headDimV: 8 },
  ...noOptions,
  ...{ dtype: 'f32', seed: 21 },
  ...options,
});

async function measure(
  pass: Pass,
  of: Problem,
  tiling: RequestedTiling | null = null,
  limits: Partial<DeviceLimits> = {},
) {
  const result = await measureRun(
    {
      ...{ row, pass, problem: of, tiling, adapter: 'auto' },
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

describe.each(row.passes)('memory-efficient attention %s', (pass) => {
  it('takes several chunks of queries in turn, over the same partial results', async () => {
    const { tiling, cost } = await measure(pass, problem({ causal: 'bottom-right' }));
    const partial = cost!.memory.buffers.find(({ name }) => name === 'partial_o')!;
    expect(partial.bytes).toBe(2 * 128 * tiling!.splits * 8 * 4);
    await measure(pass, problem({ window: { left: 40, right: 0 }, sinks: true }), { br: 12, bc: 8 });
  });

  it('slices of heads where bindings are small', async () => {
    const of = problem({
      batch: 2,
      heads: 6,
      kvHeads: 3,
      seqLenQ: 45,
      seqLenKv: 51,
      headDim: 18,
      headDimV: 7,
    });
    const limits = { maxStorageBufferBindingSize: 24_000, maxBufferSize: 240_000 };
    expect((await measure(pass, of, null, limits)).tiling!.headsPerSlice).toBeLessThan(12);
  });
});

it('takes as many chunks of keys as asked for, and one alone', async () => {
  expect((await measure('forward', problem({}), { bc: 16, splits: 5 })).tiling!.splits).toBe(5);
  expect((await measure('forward', problem({ seqLenQ: 20 }), { splits: 1 })).tiling!.splits).toBe(1);
});

it('partial results grow with the root of the key length, about sqrt(M) chunks', () => {
  const bytes = [1024, 4096, 16384].map((length) => {
    const of = problem({ seqLenQ: length, seqLenKv: length });
    const tiling = chooseTiling(row, of, device.limits);
    if (!tiling.ok) throw new Error(tiling.error);
    expect(tiling.value.splits).toBe(Math.sqrt(length));
    return row.forward.scratchPerHead(of, tiling.value);
  });
  expect(bytes[1]).toBe(2 * bytes[0]!);
  expect(bytes[2]).toBe(4 * bytes[0]!);
});
