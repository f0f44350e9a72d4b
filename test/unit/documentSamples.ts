import fc from 'fast-check';
import { provenances } from '../../src/attention/provenance.ts';
import { sumTraffic } from '../../src/attention/traffic.ts';
import { toCount } from '../../src/profiler/document/counts.ts';
import { documentTraffic } from '../../src/profiler/document/encode.ts';
import type { DocumentRun, ProfileDocument } from '../../src/profiler/document/schema.ts';

/** A small document that is valid and touches every kind of field. */
export function sampleDocument(): ProfileDocument {
  const traffic = sumTraffic(
    'counted',
    ['scores', 'output'],
    [
      { stage: 'scores', buffer: 'q', kind: 'load', accesses: 2n ** 60n, bytesPerAccess: 16 },
      { stage: 'output', buffer: 'o', kind: 'store', accesses: 12n, bytesPerAccess: 4 },
    ],
  );
  return {
    format: 'attnprof',
    version: 1,
    createdAt: '2026-01-31T12:00:00.000Z',
    tool: { name: 'Attention Profiler', version: '0.1.0' },
    devices: [
      {
        id: 'gpu',
        name: 'Some "GPU" <b>x</b>',
        vendor: 'someone',
        architecture: '',
        driver: null,
        backend: null,
        type: 'discrete',
        features: ['timestamp-query'],
        limits: { maxBufferSize: 268_435_456 },
        peaks: { provenance: 'measured', bandwidthGBs: 100.5, f32Gflops: null, f16Gflops: null },
      },
    ],
    problems: [
      {
        ...{ id: 'p', batch: 1, heads: 2, kvHeads: 1, seqLenQ: 3, seqLenKv: 5, headDim: 8, headDimV: 8 },
        ...{ dtype: 'f32', causal: 'top-left', window: [1, null], lengths: [5], packed: null, bias: '1x2' },
        ...{
          alibi: true,
          softcap: null,
          sinks: null,
          dropout: 0.1,
          blockMask: null,
          ringDevices: 3,
          seed: 7,
        },
      },
    ],
    runs: [
      {
        device: 'gpu',
        problem: 'p',
        engine: 'webgpu',
        algorithm: 'standard',
        pass: 'forward',
        status: 'ok',
        tiling: { br: 16, bc: 16, dc: 8, splits: 1, headsPerSlice: 2 },
        time: {
          ...{ provenance: 'measured', clock: 'timestamp-query', medianMs: 2, p25Ms: 1.5, p75Ms: 2.5 },
          wallMedianMs: 3,
          samplesMs: [1.5, 2, 2.5],
          stages: [{ name: 'scores', medianMs: 1 }],
        },
        projection: {
          ...{
            provenance: 'modelled',
            ms: 2.2,
            lowMs: 1,
            highMs: 4,
            assumptions: ['Half of peak bandwidth.'],
          },
          stages: [{ name: 'scores', ms: 2.2, limitedBy: 'bandwidth' }],
        },
        partial: null,
        traffic: {
          modelled: {
            ...documentTraffic({ ...traffic, provenance: 'modelled' }),
            cache: {
              device: 'Some GPU',
              bytes: 41_943_040,
              residentWorkgroups: 108,
              coarsening: 1,
              sampledHeads: null,
              waveStride: 1,
            },
          },
          counted: documentTraffic(traffic),
          exact: documentTraffic({ ...traffic, provenance: 'exact' }),
          bound: documentTraffic({ ...traffic, provenance: 'bound' }),
        },
        tiles: { provenance: 'exact', total: 4, skipped: 1, partial: 2 },
        memory: { provenance: 'exact', peakBytes: 4096, buffers: [{ name: 'q', bytes: 192 }] },
        flops: { provenance: 'exact', nominal: 960, exact: 900 },
        errors: {
          o: {
            ...{ provenance: 'measured', reference: 'float64', rows: 6, of: 6 },
            ...{ relativeL2: 1e-7, maxAbs: 2e-7, nonFinite: 0 },
          },
        },
      },
      {
        ...{ device: 'gpu', problem: 'p', engine: 'webgpu', algorithm: 'flash2', pass: 'forward' },
        ...{
          status: 'skipped',
          reason: 'S needs 2.00 GB, the device binds 1.00 GB.',
          tiling: null,
          time: null,
        },
        ...{ partial: null, traffic: {}, tiles: null, memory: null, flops: null, errors: {} },
      },
    ],
  };
}

const word = fc.stringMatching(/^[A-Za-z][A-Za-z0-9._-]{0,11}$/).filter((key) => !(key in Object.prototype));
const text = fc.string({ unit: 'grapheme', maxLength: 30 });
const whole = fc.maxSafeNat();
const time = fc.double({ min: 0, max: 1e9, noNaN: true, noDefaultInfinity: true });
const count = fc.bigInt({ min: 0n, max: 10n ** 39n }).map(toCount);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });

const accesses = fc.array(
  fc.record({
    stage: fc.constantFrom('scores', 'softmax', 'output'),
    buffer: word,
    kind: fc.constantFrom('load' as const, 'store' as const),
    accesses: fc.bigInt({ min: 0n, max: 2n ** 80n }),
    bytesPerAccess: fc.constantFrom(2, 4, 8, 16),
  }),
  { maxLength: 6 },
);

const traffic = fc
  .dictionary(fc.constantFrom(...provenances), accesses, { noNullPrototype: true })
  .map((rows) =>
    Object.fromEntries(
      Object.entries(rows).map(([provenance, row]) => [
        provenance,
        documentTraffic(
          sumTraffic(provenance as (typeof provenances)[number], ['scores', 'softmax', 'output'], row),
        ),
      ]),
    ),
  ) as fc.Arbitrary<DocumentRun['traffic']>;

const problem = fc.record({
  id: fc.string({ minLength: 1, maxLength: 20 }),
  batch: fc.integer({ min: 1, max: 9 }),
  heads: fc.constantFrom(2, 4, 8),
  kvHeads: fc.constantFrom(1, 2),
  seqLenQ: fc.integer({ min: 1, max: 65_536 }),
  seqLenKv: fc.integer({ min: 1, max: 65_536 }),
  headDim: fc.integer({ min: 1, max: 256 }),
  headDimV: fc.integer({ min: 1, max: 256 }),
  dtype: fc.constantFrom('f32' as const, 'f16' as const, 'bf16' as const),
  causal: fc.constantFrom(false as const, 'bottom-right' as const, 'top-left' as const),
  window: maybe(fc.tuple(maybe(whole), maybe(whole))),
  lengths: maybe(fc.array(whole, { maxLength: 3 })),
  packed: maybe(fc.array(whole, { maxLength: 12 })),
  bias: maybe(text),
  alibi: maybe(fc.boolean()),
  softcap: maybe(time),
  sinks: maybe(fc.boolean()),
  dropout: maybe(time),
  blockMask: maybe(text),
  ringDevices: maybe(fc.integer({ min: 1 })),
  seed: whole,
});

const device = fc.record({
  id: fc.string({ minLength: 1, maxLength: 20 }),
  name: text,
  vendor: text,
  architecture: text,
  driver: maybe(text),
  backend: maybe(text),
  type: fc.constantFrom('discrete' as const, 'integrated' as const, 'software' as const, 'unknown' as const),
  features: fc.array(text, { maxLength: 4 }),
  limits: fc.dictionary(word, whole, { maxKeys: 4, noNullPrototype: true }),
  peaks: maybe(
    fc.record({
      provenance: fc.constant('measured' as const),
      bandwidthGBs: maybe(time),
      f32Gflops: maybe(time),
      f16Gflops: maybe(time),
    }),
  ),
});

const measuredTime = fc.tuple(time, time, time, time).chain((values) => {
  const [p25Ms, medianMs, p75Ms] = values.slice(0, 3).sort((a, b) => a - b) as [number, number, number];
  return fc.record({
    provenance: fc.constant('measured' as const),
    clock: fc.constantFrom('timestamp-query' as const, 'wall' as const),
    medianMs: fc.constant(medianMs),
    p25Ms: fc.constant(p25Ms),
    p75Ms: fc.constant(p75Ms),
    wallMedianMs: fc.constant(values[3]),
    samplesMs: fc.array(time, { maxLength: 5 }),
    stages: fc.array(fc.record({ name: word, medianMs: time }), { maxLength: 3 }),
  });
});

const projection = fc.tuple(time, time, time).chain((values) => {
  const [lowMs, ms, highMs] = values.sort((a, b) => a - b) as [number, number, number];
  return fc.record({
    provenance: fc.constant('modelled' as const),
    ...{ ms: fc.constant(ms), lowMs: fc.constant(lowMs), highMs: fc.constant(highMs) },
    stages: fc.array(
      fc.record({
        name: word,
        ms: time,
        limitedBy: fc.constantFrom('bandwidth' as const, 'launch' as const),
      }),
      { maxLength: 3 },
    ),
    assumptions: fc.array(text, { maxLength: 3 }),
  });
});

const errors = fc.dictionary(
  word,
  fc.record({
    provenance: fc.constant('measured' as const),
    reference: fc.constant('float64' as const),
    rows: fc.integer({ min: 0, max: 10 }),
    of: fc.integer({ min: 10, max: 20 }),
    relativeL2: maybe(time),
    maxAbs: maybe(time),
    nonFinite: whole,
  }),
  { maxKeys: 2, noNullPrototype: true },
);

function run(devices: string[], problems: string[]): fc.Arbitrary<DocumentRun> {
  return fc
    .record({
      device: fc.constantFrom(...devices),
      problem: fc.constantFrom(...problems),
      engine: fc.constantFrom('webgpu' as const, 'model' as const),
      algorithm: word,
      pass: fc.constantFrom('forward' as const, 'backward' as const),
      status: fc.constantFrom('ok' as const, 'skipped' as const, 'stopped' as const, 'failed' as const),
      tiling: maybe(
        fc.record({
          br: fc.integer({ min: 1 }),
          bc: fc.integer({ min: 1 }),
          dc: fc.integer({ min: 1 }),
          splits: fc.integer({ min: 1 }),
          headsPerSlice: fc.integer({ min: 1 }),
        }),
      ),
      time: maybe(measuredTime),
      partial: maybe(
        fc.record({
          provenance: fc.constant('measured' as const),
          slicesDone: fc.integer({ min: 0, max: 10 }),
          slices: fc.integer({ min: 10, max: 20 }),
          elapsedMs: time,
          predictedMs: time,
          slicesMs: fc.array(time, { maxLength: 3 }),
        }),
      ),
      traffic,
      tiles: maybe(
        fc.record({
          provenance: fc.constant('exact' as const),
          total: fc.integer({ min: 20, max: 99 }),
          skipped: fc.integer({ min: 0, max: 10 }),
          partial: fc.integer({ min: 0, max: 10 }),
        }),
      ),
      memory: maybe(
        fc.record({
          provenance: fc.constant('exact' as const),
          peakBytes: count,
          buffers: fc.array(fc.record({ name: word, bytes: count }), { maxLength: 4 }),
        }),
      ),
      flops: maybe(fc.record({ provenance: fc.constant('exact' as const), nominal: count, exact: count })),
      errors,
    })
    .map((fields) => (fields.status === 'ok' ? fields : { ...fields, reason: 'because' }))
    .chain((fields) => maybe(projection).map((model) => (model ? { ...fields, projection: model } : fields)));
}

/** Every valid document, within reason: any text, counts past 2^53, any mixture of what is known and not. */
export const documents: fc.Arbitrary<ProfileDocument> = fc
  .record({
    devices: fc.uniqueArray(device, { minLength: 1, maxLength: 2, selector: ({ id }) => id }),
    problems: fc.uniqueArray(problem, { minLength: 1, maxLength: 2, selector: ({ id }) => id }),
  })
  .chain(({ devices, problems }) =>
    fc.record({
      format: fc.constant('attnprof' as const),
      version: fc.constant(1 as const),
      createdAt: fc
        .date({ min: new Date('1990-01-01'), max: new Date('2990-01-01'), noInvalidDate: true })
        .map((date) => date.toISOString()),
      tool: fc.record({ name: text, version: text }),
      devices: fc.constant(devices),
      problems: fc.constant(problems),
      runs: fc.array(
        run(
          devices.map(({ id }) => id),
          problems.map(({ id }) => id),
        ),
        { maxLength: 3 },
      ),
    }),
  );
