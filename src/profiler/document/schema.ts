import * as v from 'valibot';
import { causalAlignments, dtypes, passes } from '../../attention/problem.ts';

/** The published result file, `*.attnprof.json`. Times are milliseconds; bytes and counts are integers. */

export const formatName = 'attnprof';
export const formatVersion = 1;

const text = v.pipe(v.string(), v.maxLength(10_000));
const integer = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const finite = v.pipe(v.number(), v.finite());
const ms = v.pipe(v.number(), v.finite(), v.minValue(0));
/** An integer; past 2^53 a decimal string. */
const count = v.union([integer, v.pipe(v.string(), v.regex(/^[1-9]\d{15,39}$/))]);
/** Names from a file become keys of our own objects: short, plain words only, never prototype keys. */
const name = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z][A-Za-z0-9._-]{0,63}$/),
  v.check((key) => key !== 'constructor' && key !== 'prototype' && key !== 'hasOwnProperty', 'reserved name'),
);

const tally = { readBytes: count, writeBytes: count, loads: count, stores: count };
const bufferTallies = v.record(name, v.object(tally));

function traffic<P extends string>(provenance: P) {
  return v.object({
    provenance: v.literal(provenance),
    ...tally,
    buffers: bufferTallies,
    stages: v.optional(v.array(v.object({ name, ...tally, buffers: bufferTallies }))),
  });
}

const bufferSizes = v.array(v.object({ name, bytes: count }));

const problem = v.object({
  id: text,
  batch: positive,
  heads: positive,
  kvHeads: positive,
  seqLenQ: positive,
  seqLenKv: positive,
  headDim: positive,
  headDimV: positive,
  dtype: v.picklist(dtypes),
  causal: v.union([v.literal(false), v.picklist(causalAlignments)]),
  window: v.nullable(v.tuple([v.nullable(integer), v.nullable(integer)])),
  lengths: v.nullable(v.array(integer)),
  bias: v.nullable(text),
  alibi: v.nullable(v.boolean()),
  softcap: v.nullable(finite),
  sinks: v.nullable(text),
  dropout: v.nullable(finite),
  blockMask: v.nullable(text),
  seed: integer,
});

const peaks = v.object({
  provenance: v.literal('measured'),
  bandwidthGBs: v.nullable(finite),
  f32Gflops: v.nullable(finite),
  f16Gflops: v.nullable(finite),
});

const device = v.object({
  id: text,
  name: text,
  vendor: text,
  architecture: text,
  driver: v.nullable(text),
  backend: v.nullable(text),
  type: v.picklist(['discrete', 'integrated', 'software', 'table', 'unknown']),
  features: v.array(text),
  limits: v.record(name, integer),
  peaks: v.nullable(peaks),
});

const error = v.object({
  provenance: v.literal('measured'),
  reference: v.literal('float64'),
  /** Rows compared, out of `of`. */
  rows: integer,
  of: integer,
  relativeL2: v.nullable(finite),
  maxAbs: v.nullable(finite),
  nonFinite: integer,
});

const run = v.object({
  device: text,
  problem: text,
  engine: v.literal('webgpu'),
  algorithm: name,
  pass: v.picklist(passes),
  status: v.picklist(['ok', 'skipped', 'stopped', 'failed']),
  /** What happened and what to do next; present unless status is ok. */
  reason: v.optional(text),
  tiling: v.nullable(
    v.object({ br: positive, bc: positive, dc: positive, splits: positive, headsPerSlice: positive }),
  ),
  route: v.optional(text),
  time: v.nullable(
    v.object({
      provenance: v.literal('measured'),
      clock: v.picklist(['timestamp-query', 'wall']),
      medianMs: ms,
      p25Ms: ms,
      p75Ms: ms,
      wallMedianMs: ms,
      samplesMs: v.array(ms),
      stages: v.array(v.object({ name, medianMs: ms })),
    }),
  ),
  /** How far a stopped run came, and how long the whole would take at that rate. */
  partial: v.nullable(
    v.object({
      provenance: v.literal('measured'),
      slicesDone: integer,
      slices: integer,
      elapsedMs: ms,
      predictedMs: ms,
      slicesMs: v.array(ms),
    }),
  ),
  traffic: v.object({
    counted: v.optional(traffic('counted')),
    exact: v.optional(traffic('exact')),
    modelled: v.optional(traffic('modelled')),
    bound: v.optional(traffic('bound')),
    measured: v.optional(traffic('measured')),
  }),
  tiles: v.nullable(
    v.object({ provenance: v.literal('exact'), total: integer, skipped: integer, partial: integer }),
  ),
  memory: v.nullable(v.object({ provenance: v.literal('exact'), peakBytes: count, buffers: bufferSizes })),
  flops: v.nullable(v.object({ provenance: v.literal('exact'), nominal: count, exact: count })),
  errors: v.record(name, error),
});

export const documentSchema = v.object({
  format: v.literal(formatName),
  version: v.literal(formatVersion),
  createdAt: v.pipe(v.string(), v.isoTimestamp()),
  tool: v.object({ name: text, version: text }),
  devices: v.array(device),
  problems: v.array(problem),
  runs: v.array(run),
});

export type ProfileDocument = v.InferOutput<typeof documentSchema>;
export type DocumentRun = ProfileDocument['runs'][number];
export type DocumentProblem = ProfileDocument['problems'][number];
export type DocumentDevice = ProfileDocument['devices'][number];
export type DocumentTraffic = NonNullable<DocumentRun['traffic']['counted' | 'exact' | 'bound']>;
/** A count in a document: a decimal string past 2^53. */
export type Count = v.InferOutput<typeof count>;
