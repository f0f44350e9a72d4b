import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { findAlgorithm } from '../../src/attention/catalogue.ts';
import type { DeviceLimits } from '../../src/attention/limits.ts';
import { type Dtype, noOptions, type Pass, type Problem } from '../../src/attention/problem.ts';
import { measureRun } from '../../src/profiler/measureRun.ts';
import { trafficDifference } from '../../src/profiler/sameTraffic.ts';
import { openInProcessHost } from '../support/inProcessHost.ts';

// A software adapter on a busy machine: compiling alone can take seconds.
vi.setConfig({ testTimeout: 180_000 });

let host: Awaited<ReturnType<typeof openInProcessHost>>;

beforeAll(async () => {
  host = await openInProcessHost();
});

afterAll(() => host?.dispose());

type Setting = { limits?: Partial<DeviceLimits>; inputs?: ReadonlyMap<string, Float32Array> };

/** Runs one algorithm, counted, every row compared with float64. */
function run(id: string, pass: Pass, problem: Problem, { limits, inputs }: Setting = {}) {
  const device = host.session.description;
  return measureRun(
    {
      row: findAlgorithm(id)!,
      pass,
      problem,
      adapter: 'auto',
      tiling: null,
      steps: { check: { rows: 'all' }, count: true, time: null },
      budgetMs: null,
    },
    { ...device, limits: { ...device.limits, ...limits } },
    {
      ...host,
      measure: (_adapter, request, options) =>
        host.session.measure(request, inputs ? { ...options, inputs } : options),
    },
  );
}

const sliced: Problem = {
  ...{ batch: 2, heads: 6, kvHeads: 3, seqLenQ: 45, seqLenKv: 51, headDim: 18, headDimV: 7 },
  ...noOptions,
  ...{ causal: 'bottom-right', lengths: [51, 17], softcap: 4, dropout: 0.3, sinks: true },
  ...{ dtype: 'f32', seed: 11 },
};

describe.each(['standard', 'standard-online', 'standard-unsafe', 'eager'])('%s', (id) => {
  it.each(['forward', 'backward'] as const)('%s in slices of heads, kept matrices too', async (pass) => {
    const limits = { maxStorageBufferBindingSize: 24_000, maxBufferSize: 240_000 };
    const result = await run(id, pass, sliced, { limits });
    expect(result.reason).toBeUndefined();
    expect(result.tiling!.headsPerSlice).toBe(2);
    for (const error of Object.values(result.measurement!.errors!)) {
      expect(error.relativeL2).toBeLessThan(1e-5);
      expect(error.nonFinite).toBe(0);
    }
    expect(trafficDifference(result.counted!, result.cost!.traffic)).toBeNull();
    expect(result.measurement!.memory.peakBytes).toBe(result.cost!.memory.peakBytes);
  });

  it('backward does not exist where P of all heads is too large, and says the bytes and the limit', async () => {
    const limits = { maxStorageBufferBindingSize: 24_000, maxBufferSize: 100_000 };
    const result = await run(id, 'backward', sliced, { limits });
    expect(result.status).toBe('skipped');
    expect(result.reason).toMatch(/110160 bytes.*100000 bytes.*maxBufferSize/);
  });
});

describe('scores that are all alike', () => {
  const shape = { batch: 1, heads: 1, kvHeads: 1, seqLenQ: 8, seqLenKv: 8, headDim: 4, headDimV: 4 };

  /** O where every score is `score`: Q and K are constant. */
  async function outputOf(id: string, dtype: Dtype, score: number) {
    const constant = Math.sqrt((score * Math.sqrt(shape.headDim)) / shape.headDim);
    const inputs = new Map(['q', 'k'].map((name) => [name, new Float32Array(32).fill(constant)]));
    const result = await run(id, 'forward', { ...shape, ...noOptions, dtype, seed: 3 }, { inputs });
    expect(result.reason).toBeUndefined();
    expect(result.status).toBe('ok');
    return result.measurement!.errors!.o!;
  }

  it.each([
    ['f16', 10.9, 0],
    ['f16', 11.3, 32],
    ['bf16', 11.3, 0],
    ['f32', 86, 0],
    ['f32', 90, 32],
    ['bf16', 90, 32],
  ] as const)(
    'standard-unsafe in %s, score %f: %i elements of O are not finite',
    async (dtype, score, count) => {
      expect((await outputOf('standard-unsafe', dtype, score)).nonFinite).toBe(count);
    },
  );

  it.each(['standard', 'standard-online', 'eager'])('%s holds scores of 1e4 in f16', async (id) => {
    const { nonFinite, relativeL2 } = await outputOf(id, 'f16', 1e4);
    expect(nonFinite).toBe(0);
    expect(relativeL2).toBeLessThan(1e-3);
  });
});
