import { setTimeout as delay } from 'node:timers/promises';
import { algorithmPass, findAlgorithm } from '../../../src/attention/catalogue.ts';
import { modelDram } from '../../../src/attention/dram/modelDram.ts';
import { type DeviceDescription, guaranteedLimits, type Peaks } from '../../../src/attention/limits.ts';
import type { Measurement } from '../../../src/gpu/measurement.ts';
import { HostError } from '../../../src/host/errors.ts';
import type { GpuHost, HostMeasureRequest } from '../../../src/host/protocol.ts';
import type { Plan } from '../../../src/plans/plan.ts';

const peaks: Peaks = { provenance: 'measured', bandwidthGBs: 100, f32Gflops: 500, f16Gflops: null };

export interface FakeOptions {
  description?: Partial<DeviceDescription>;
  /** What a run comes to; `measured` by default. */
  outcome?: (plan: Plan, call: number) => Measurement | 'crash';
  /** Aborts this when as many runs were begun. */
  cancel?: { after: number; controller: AbortController };
}

/** A GPU that times without running: what is under test is which runs it is asked for, and in which order. */
export function fakeHost({ description = {}, outcome = measured, cancel }: FakeOptions = {}) {
  const asked: string[] = [];
  let timed = false;
  const host: GpuHost = {
    open: async () => ({
      ...{ id: 'fake', name: 'Fake GPU', vendor: 'fake', architecture: '', driver: null, backend: 'none' },
      ...{ type: 'discrete', features: [], limits: guaranteedLimits },
      ...description,
      peaks: timed ? peaks : null,
    }),
    measure: async (_adapter, { plan }: HostMeasureRequest, options) => {
      const own = plan as Plan;
      const { seqLenQ, headDim } = own.problem;
      asked.push(`${own.algorithm} ${own.pass} n${seqLenQ} d${headDim} br${own.tiling.br}`);
      if (cancel && asked.length > cancel.after) cancel.controller.abort();
      options?.signal?.throwIfAborted();
      const result = outcome(own, asked.length);
      if (result === 'crash') throw new HostError('crash', 'The GPU process ended.');
      timed = true;
      return result;
    },
    devices: async () => [],
    // Late, so that a session that is ended has runs whose caches are not modelled yet.
    modelDram: async ({ algorithm, pass, problem, tiling, cache }) => {
      await delay(3);
      return modelDram(algorithmPass(findAlgorithm(algorithm)!, pass), problem, tiling, cache);
    },
    dispose: () => {},
  };
  return { host, asked };
}

/** Times that grow with the work, a little apart from each other. */
export function measured({ problem, algorithm }: Plan): Measurement {
  const ms = (problem.seqLenQ * problem.seqLenKv * (algorithm === 'standard' ? 2 : 1)) / 1000;
  return {
    status: 'ok',
    time: {
      ...{ medianMs: ms, p25Ms: ms * 0.9, p75Ms: ms * 1.1, wallMedianMs: ms * 2, clock: 'timestamp-query' },
      samplesMs: [ms * 0.9, ms, ms * 1.1],
      stages: [],
    },
    ...{ partial: null, counts: null, errors: null },
    memory: { peakBytes: 64, harnessPeakBytes: 0, buffers: [{ name: 'q', bytes: 64 }] },
  };
}

export function stopped(plan: Plan): Measurement {
  return { ...measured(plan), status: 'stopped', reason: 'The time budget of 1 s ended.', time: null };
}
