import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { catalogue, findAlgorithm } from '../../src/attention/catalogue.ts';
import type { DeviceDescription, DeviceLimits } from '../../src/attention/limits.ts';
import { noOptions, type Pass, type Problem } from '../../src/attention/problem.ts';
import { measureRun } from '../../src/profiler/measureRun.ts';
import { trafficDifference } from '../../src/profiler/sameTraffic.ts';
import { verify } from '../../src/profiler/verify.ts';
import { openInProcessHost } from '../support/inProcessHost.ts';

// A software adapter on a busy machine: compiling alone can take seconds.
vi.setConfig({ testTimeout: 180_000 });

let host: Awaited<ReturnType<typeof openInProcessHost>>;
let device: DeviceDescription;

beforeAll(async () => {
  host = await openInProcessHost();
  device = host.session.description;
});

afterAll(() => host?.dispose());

const problem = (options: Partial<Problem>): Problem => {
  const { heads = 2, seqLenQ = 37, headDim = 20 } = options;
  return {
    ...{ batch: 1, heads, kvHeads: heads, seqLenQ, seqLenKv: seqLenQ, headDim, headDimV: headDim },
    ...noOptions,
    ...{ dtype: 'f32', seed: 5 },
    ...options,
  };
};

/** Runs one algorithm and holds it to float64 on every row and to its closed forms. */
async function check(id: string, pass: Pass, of: Problem, limits: Partial<DeviceLimits> = {}) {
  const row = findAlgorithm(id)!;
  const result = await measureRun(
    {
      row,
      pass,
      problem: of,
      adapter: 'auto',
      tiling: null,
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
    expect(error.nonFinite).toBe(0);
    expect(error.rows).toBe(error.of);
  }
  expect(trafficDifference(result.counted!, result.cost!.traffic)).toBeNull();
  expect(result.measurement!.memory.peakBytes).toBe(result.cost!.memory.peakBytes);
  return result;
}

/** The two that every other algorithm is judged by; all of the catalogue is in `verify` below. */
const cases = [
  ['standard', 'forward'],
  ['flash2', 'forward'],
  ['flash2', 'backward'],
] as const;

describe.each(cases)('%s %s on the device', (id, pass) => {
  it.each([1, 2, 3, 4, 5, 63, 64, 127, 129, 256])('head dim %i', async (headDim) => {
    await check(id, pass, problem({ headDim, seqLenKv: 29 }));
  });

  it.each(['top-left', 'bottom-right'] as const)('fully masked rows, %s: O is zero', async (causal) => {
    const result = await check(id, pass, problem({ seqLenQ: 150, seqLenKv: 18, causal }));
    if (causal === 'bottom-right') expect(result.cost!.tiles.skipped).toBeGreaterThan(0);
  });

  it('grouped and multi-query heads over a batch', async () => {
    await check(id, pass, problem({ batch: 2, heads: 6, kvHeads: 2, seqLenKv: 41, headDimV: 12 }));
    await check(id, pass, problem({ batch: 2, heads: 4, kvHeads: 1, causal: 'bottom-right', seqLenKv: 70 }));
  });

  it('slices of heads where bindings are small, starting anywhere in their buffers', async () => {
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
    const result = await check(id, pass, of, limits);
    expect(result.tiling!.headsPerSlice).toBeLessThan(12);
  });

  it('one query against many keys', async () => {
    await check(
      id,
      pass,
      problem({ seqLenQ: 1, seqLenKv: 300, heads: 4, kvHeads: 2, headDim: 64, headDimV: 64 }),
    );
  });
});

describe('verify', () => {
  it('passes on problems in which the options meet', async () => {
    // One seed, so that a change that breaks something is what a failure means; `attnprof verify` draws a
    // fresh one each time.
    const seed = 832_551_696;
    const report = await verify(
      { algorithms: catalogue.map(({ id }) => id), adapter: 'auto', seed, cases: 3 },
      host,
    );
    const { problems, combinations, covered } = report.coverage;
    console.log(
      `verify: seed ${seed}, ${report.passed} cases passed on ${problems} problems, ` +
        `${covered} of ${combinations} pairs of options`,
    );
    expect(report.cases.filter(({ ok }) => !ok)).toEqual([]);
    expect(new Set(report.cases.map(({ algorithm }) => algorithm)).size).toBe(catalogue.length);
  });

  it('finds a kernel whose outputs are wrong', async () => {
    const spoiled = {
      ...host,
      // The same device, but every kernel computes with a scale that is half a per cent off.
      measure: ((adapter, request, options) => {
        const modules = request.modules.map((module) => ({
          ...module,
          hash: `${module.hash}-spoiled`,
          wgsl: module.wgsl.replaceAll('params.scale', '(params.scale * 1.005)'),
          counting: {
            ...module.counting,
            wgsl: module.counting.wgsl.replaceAll('params.scale', '(params.scale * 1.005)'),
          },
        }));
        return host.measure(adapter, { ...request, modules }, options);
      }) as typeof host.measure,
    };
    const report = await verify(
      { algorithms: ['standard', 'flash2'], adapter: 'auto', seed: 3, cases: 3 },
      spoiled,
    );
    // Where a row sees one key the scale does not matter; in most cases it does.
    expect(report.failed).toBeGreaterThan(report.cases.length / 2);
    expect(report.cases.find(({ ok }) => !ok)!.reason).toMatch(/error of (o|lse|dq|dk|dv) .* is above/);
  });
});
