import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { findAlgorithm } from '../../src/attention/catalogue.ts';
import type { DeviceLimits } from '../../src/attention/limits.ts';
import { noOptions, type Problem } from '../../src/attention/problem.ts';
import { fillNormals } from '../../src/attention/random/stream.ts';
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
  inputs?: ReadonlyMap<string, Float32Array>,
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
    // The same device; a map of inputs stands for the files of a user.
    inputs ? { ...host, measure: (_adapter, request) => host.session.measure(request, { inputs }) } : host,
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

describe('flash-decoding-plus', () => {
  const id = 'flash-decoding-plus';
  const rows = decoding.batch * decoding.heads;

  /** Queries of which one in three is so long that its scores leave the window. */
  function longQueries(factor: number, every: number): Map<string, Float32Array> {
    const q = new Float32Array(rows * 4 * decoding.headDim);
    fillNormals(q, { seed: 1, stream: 0 });
    return new Map([
      ['q', q.map((x, index) => (Math.floor(index / decoding.headDim) % every === 0 ? x * factor : x))],
    ]);
  }

  it('computes no row again where scores stay near the maximum chosen ahead', async () => {
    const { measurement } = await run(id, { seqLenQ: 4 });
    expect(measurement!.deviceNumbers).toEqual({ recomputedRows: 0, recomputedKeys: 0, recomputedSplits: 0 });
  });

  it.each([60, 3000])(
    'computes rows again whose scores are %i times as large, and says how many',
    async (factor) => {
      const options = { seqLenQ: 4, causal: 'bottom-right', sinks: true } as const;
      const { measurement, tiling } = await run(id, options, { splits: 5 }, {}, longQueries(factor, 3));
      const { recomputedRows, recomputedKeys, recomputedSplits } = measurement!.deviceNumbers!;
      expect(recomputedRows).toBeGreaterThan(0);
      expect(recomputedRows).toBeLessThanOrEqual((rows * 4) / 3);
      expect(recomputedKeys).toBeGreaterThan(290 * recomputedRows!);
      expect(recomputedSplits).toBe(recomputedRows! * tiling!.splits);
    },
  );

  it('computes rows again that see only keys far off, with every option', async () => {
    const options = {
      ...{ seqLenQ: 300, seqLenKv: 30, heads: 4, kvHeads: 2, alibi: true, dropout: 0.3, softcap: 4 },
      bias: { batch: 2, heads: 1 },
    };
    const { measurement } = await run(id, options);
    expect(measurement!.deviceNumbers!.recomputedRows).toBeGreaterThan(0);
  });

  it('takes slices of heads', async () => {
    const limits = { maxStorageBufferBindingSize: 48_000, maxBufferSize: 480_000 };
    const { tiling } = await run(id, { seqLenQ: 4 }, null, limits, longQueries(100, 2));
    expect(tiling!.headsPerSlice).toBeLessThan(12);
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
