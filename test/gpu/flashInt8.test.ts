import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { findAlgorithm } from '../../src/attention/catalogue.ts';
import { int8ErrorBound } from '../../src/attention/cost/flashInt8.ts';
import type { DeviceLimits } from '../../src/attention/limits.ts';
import { noOptions, type Problem } from '../../src/attention/problem.ts';
import { fillNormals } from '../../src/attention/random/stream.ts';
import type { RequestedTiling } from '../../src/attention/tiling.ts';
import type { GpuHost } from '../../src/host/protocol.ts';
import { measureRun } from '../../src/profiler/measureRun.ts';
import { trafficDifference } from '../../src/profiler/sameTraffic.ts';
import { openInProcessHost } from '../support/inProcessHost.ts';

vi.setConfig({ testTimeout: 180_000 });

let host: Awaited<ReturnType<typeof openInProcessHost>>;

beforeAll(async () => {
  host = await openInProcessHost();
});

afterAll(() => host?.dispose());

const ids = ['flash-int8', 'flash-int8-rotated'] as const;

const base: Problem = {
  ...{ batch: 2, heads: 4, kvHeads: 2, seqLenQ: 61, seqLenKv: 83, headDim: 20, headDimV: 13 },
  ...noOptions,
  ...{ dtype: 'f32', seed: 23 },
};

/** Relative error of O, after counted equals exact. `inputs` replace those drawn from the seed. */
async function errorOf(
  id: string,
  problem: Problem,
  tiling: RequestedTiling | null = null,
  limits: Partial<DeviceLimits> = {},
  inputs?: ReadonlyMap<string, Float32Array>,
): Promise<number> {
  const { description } = host.session;
  const fed: GpuHost = {
    ...host,
    measure: (_adapter, request, options) =>
      host.session.measure(request, { ...options, ...(inputs ? { inputs } : {}) }),
  };
  const result = await measureRun(
    {
      ...{ row: findAlgorithm(id)!, pass: 'forward' as const, problem, tiling, adapter: 'auto' as const },
      steps: { check: { rows: 'all' }, count: true, time: null },
      budgetMs: null,
    },
    { ...description, limits: { ...description.limits, ...limits } },
    fed,
  );
  expect(result.reason).toBeUndefined();
  expect(trafficDifference(result.counted!, result.cost!.traffic)).toBeNull();
  expect(result.measurement!.memory.peakBytes).toBe(result.cost!.memory.peakBytes);
  const { o } = result.measurement!.errors!;
  expect(o!.nonFinite).toBe(0);
  return o!.relativeL2!;
}

describe.each(ids)('%s', (id) => {
  it.each([
    { br: 16, bc: 8 },
    { br: 12, bc: 12 },
    { br: 4, bc: 20 },
  ])('stays within its bound in tiles of $br x $bc, which cut blocks of eight', async (tiling) => {
    const error = await errorOf(id, base, tiling);
    expect(error).toBeLessThan(int8ErrorBound.f32);
    // Eight bits cannot be closer: an error of f32 here would mean that nothing was coded.
    expect(error).toBeGreaterThan(1e-3);
  });

  it('takes heads in slices, with every option', async () => {
    const problem: Problem = {
      ...base,
      causal: 'bottom-right',
      lengths: [29, 83],
      bias: { batch: 1, heads: 1 },
      alibi: true,
      softcap: 4,
      sinks: true,
      dropout: 0.3,
    };
    const limits = { maxStorageBufferBindingSize: 24_000, maxBufferSize: 240_000 };
    expect(await errorOf(id, problem, { br: 8, bc: 8 }, limits)).toBeLessThan(int8ErrorBound.f32);
  });

  it('moves a quarter of the bytes of K per walk', async () => {
    const problem = { ...base, headDim: 32, headDimV: 32 };
    const exact = (algorithm: string) =>
      findAlgorithm(algorithm)!.forward.cost(problem, { br: 8, bc: 8, dc: 32, splits: 1, headsPerSlice: 8 });
    const flash = exact('flash2').traffic.buffers.k!.readBytes;
    expect(exact(id).traffic.buffers.k8!.readBytes).toBe(flash / 4n);
  });
});

/**
 * The outlier inputs of FlashAttention-3, section 4.3: N(0, 1), plus with probability 0.001 a draw of
 * variance 100. Streams from 100 on are none of the project's.
 */
function withOutliers(length: number, seed: number, stream: number): Float32Array {
  const drawn = (offset: number) => {
    const values = new Float32Array(length);
    fillNormals(values, { seed, stream: 100 + 3 * stream + offset }, 0);
    return values;
  };
  const outliers = drawn(1);
  const chance = drawn(2);
  // A normal number is beyond 3.29053 on either side with probability 0.001.
  return drawn(0).map((x, i) => (Math.abs(chance[i]!) > 3.29053 ? x + 10 * outliers[i]! : x));
}

describe('incoherent processing', () => {
  it.each([1, 2, 3])('lowers the error on inputs with outliers, seed %i', async (seed) => {
    const problem: Problem = {
      ...base,
      ...{ batch: 1, heads: 4, kvHeads: 4, seqLenQ: 128, seqLenKv: 128, headDim: 64, headDimV: 64, seed },
    };
    const inputs = new Map(
      ['q', 'k', 'v'].map((name, stream) => [name, withOutliers(4 * 128 * 64, seed, stream)]),
    );
    const plain = await errorOf('flash-int8', problem, null, {}, inputs);
    const rotated = await errorOf('flash-int8-rotated', problem, null, {}, inputs);
    console.log(`outliers, seed ${seed}: relative error ${plain}, rotated ${rotated}`);
    expect(rotated).toBeLessThan(plain);
  });
});
