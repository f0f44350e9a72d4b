import { expect, test } from 'vitest';
import { catalogue, chooseTiling } from '../../src/attention/catalogue.ts';
import { guaranteedLimits } from '../../src/attention/limits.ts';
import { noOptions, type Problem } from '../../src/attention/problem.ts';
import { metricRows } from '../../src/cli/profileRows.ts';
import type { Measurement } from '../../src/gpu/measurement.ts';
import {
  documentDevice,
  documentOf,
  documentRun,
  type RunParts,
} from '../../src/profiler/document/encode.ts';
import { documentProblem, problemOf } from '../../src/profiler/document/problem.ts';
import { readDocument } from '../../src/profiler/document/read.ts';
import { writeDocument } from '../../src/profiler/document/write.ts';

const problem: Problem = {
  ...{ batch: 1, heads: 8, kvHeads: 2, seqLenQ: 333, seqLenKv: 517, headDim: 80, headDimV: 80 },
  ...noOptions,
  ...{ dtype: 'f32', causal: 'bottom-right', seed: 3 },
};

const device = documentDevice({
  ...{ id: 'gpu', name: 'Some GPU', vendor: 'v', architecture: 'a', driver: null, backend: null },
  type: 'software',
  features: ['timestamp-query'],
  limits: guaranteedLimits,
  peaks: { provenance: 'measured', bandwidthGBs: 12.5, f32Gflops: Number.NaN, f16Gflops: null },
});

function parts(algorithm: string): RunParts {
  const row = catalogue.find(({ id }) => id === algorithm)!;
  const tiling = chooseTiling(row, problem, guaranteedLimits);
  if (!tiling.ok) throw new Error(tiling.error);
  const cost = row.forward.cost(problem, tiling.value);
  return {
    device: device.id,
    problem: documentProblem(problem).id,
    algorithm,
    pass: 'forward',
    status: 'ok',
    tiling: tiling.value,
    cost,
    bound: null,
    counted: { ...cost.traffic, provenance: 'counted' },
    measurement: null,
  };
}

function documentWith(runs: RunParts[]) {
  return documentOf({
    createdAt: new Date(0),
    tool: { name: 'Attention Profiler', version: '0.0.0' },
    devices: [device],
    problems: [documentProblem(problem)],
    runs: runs.map(documentRun),
  });
}

test('a problem reads back from a document with every option', () => {
  const wide: Problem = {
    ...problem,
    batch: 2,
    lengths: [0, 517],
    bias: { batch: 2, heads: 1 },
    causal: 'top-left',
  };
  const optioned: Problem[] = [
    { ...problem, ...noOptions },
    { ...wide, window: { left: null, right: 0 }, alibi: true, sinks: true, softcap: 0.5, dropout: 0.25 },
    { ...problem, blockMask: { kind: 'random', density: 0.3 }, ringDevices: 4, dtype: 'bf16' },
    { ...problem, seqLenKv: 333, packed: [1, 332] },
  ];
  for (const each of optioned) expect(problemOf(documentProblem(each))).toEqual({ ok: true, value: each });
});

test('the id of a problem stays within its bounds, and apart from its neighbours', () => {
  const lengths = Array.from({ length: 300 }, (_, index) => index);
  const one = documentProblem({ ...problem, batch: 300, lengths });
  const other = documentProblem({ ...problem, batch: 300, lengths: lengths.with(299, 7) });
  expect(one.id).toHaveLength(200);
  expect(one.id).not.toBe(other.id);
  expect(one.lengths).toHaveLength(300);
});

test('every algorithm of the catalogue makes a run that is written and read back', () => {
  const document = documentWith(catalogue.map(({ id }) => parts(id)));
  expect(readDocument(writeDocument(document))).toEqual({ ok: true, value: document });
  expect(document.devices[0]!.peaks!.f32Gflops).toBeNull();
  expect(document.runs[0]!.traffic.exact!.loads).toBe(Number(parts(catalogue[0]!.id).cost!.traffic.loads));
});

test('a failed run keeps what was measured, and says nothing of what was not', () => {
  const measurement: Measurement = {
    status: 'failed',
    reason: 'The device was lost.',
    time: null,
    partial: { slicesDone: 2, slices: 5, elapsedMs: 10, predictedMs: 25, slicesMs: [5, 5] },
    counts: null,
    errors: {
      o: {
        reference: 'float64',
        rows: 4,
        of: 9,
        relativeL2: Number.NaN,
        maxAbs: Number.POSITIVE_INFINITY,
        nonFinite: 3,
      },
    },
    memory: { peakBytes: 1, harnessPeakBytes: 1, buffers: [] },
  };
  const failed = documentRun({
    ...parts('flash2'),
    ...{ status: 'failed', reason: measurement.reason, counted: null, measurement },
  });
  expect(failed.errors).toEqual({
    o: {
      ...{ provenance: 'measured', reference: 'float64', rows: 4, of: 9 },
      ...{ relativeL2: null, maxAbs: null, nonFinite: 3 },
    },
  });
  expect(failed.traffic.counted).toBeUndefined();
  expect(failed.partial).toMatchObject({ provenance: 'measured', slicesDone: 2 });
  // The ledger saw an end that came too early: the plan's own bytes are the answer.
  expect(failed.memory!.peakBytes).toBeGreaterThan(1);
});

test('what the device told of its work is kept', () => {
  const run = parts('flash-decoding-plus');
  const measurement: Measurement = {
    ...{ status: 'ok', time: null, partial: null, counts: null, errors: null },
    deviceNumbers: { recomputedRows: 2, recomputedKeys: 70, recomputedSplits: 4 },
    memory: { peakBytes: 1, harnessPeakBytes: 1, buffers: [] },
  };
  const document = documentWith([{ ...run, measurement }]);
  expect(readDocument(writeDocument(document))).toEqual({ ok: true, value: document });
  expect(document.runs[0]!.deviceNumbers).toEqual(measurement.deviceNumbers);
  const labels = metricRows(document.runs).map(({ label, cell }) => [label, cell(document.runs[0]!)]);
  expect(labels).toContainEqual(['recomputed rows', '2']);
});

test('a run that could not be planned has no cost, and its reason', () => {
  const skipped: RunParts = {
    ...parts('standard'),
    ...{ status: 'skipped', reason: 'S needs 2 GB.', tiling: null, cost: null, counted: null },
  };
  const document = documentWith([skipped]);
  expect(document.runs[0]).toMatchObject({
    traffic: {},
    tiling: null,
    memory: null,
    reason: 'S needs 2 GB.',
  });
  expect(readDocument(writeDocument(document)).ok).toBe(true);
});
