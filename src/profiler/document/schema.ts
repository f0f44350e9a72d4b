import * as v from 'valibot';
import { causalAlignments, dtypes, passes } from '../../attention/problem.ts';
import type { Provenance } from '../../attention/provenance.ts';
import {
  type Count,
  count,
  exactly,
  finite,
  flag,
  id,
  integer,
  list,
  ms,
  name,
  named,
  object,
  oneOf,
  positive,
  size,
  text,
} from './fields.ts';
import { sweep } from './sweep.ts';

/**
 * The published result file, `*.attnprof.json`. Times are milliseconds; bytes and counts are integers; what
 * cannot be known is null. Fields that a reader does not know are passed over, so that fields can be added
 * without a new version; a field that changes its meaning makes a new version.
 */

export const formatName = 'attnprof';
export const formatVersion = 1;

export const runStatuses = ['ok', 'skipped', 'stopped', 'failed'] as const;

const tallyEntries = { readBytes: count, writeBytes: count, loads: count, stores: count };
const tally = object(tallyEntries);
const buffers = named(tally);
const stageTraffic = object({ name, ...tallyEntries, buffers });

function traffic<const P extends string>(provenance: P) {
  return object({
    provenance: exactly(provenance),
    ...tallyEntries,
    buffers,
    stages: v.optional(list(stageTraffic)),
  });
}

/** The last-level cache that a model of traffic assumed. */
const cacheModel = object({
  /** The GPU whose cache it is. */
  device: text,
  bytes: count,
  residentWorkgroups: positive,
  /** Neighbouring tiles taken as one, to bound the time that the model takes. */
  coarsening: positive,
  /** Heads and waves of workgroups that stand for all: one wave in so many; 1 and null where none is left out. */
  sampledHeads: v.optional(v.nullable(positive), null),
  waveStride: v.optional(positive, 1),
});

/** Bytes that pass between memory and the last-level cache; the other rows are before any cache. */
const modelledTraffic = object({
  provenance: exactly('modelled'),
  ...tallyEntries,
  buffers,
  stages: v.optional(list(stageTraffic)),
  cache: v.optional(cacheModel),
});

/** Null is off. A file from before the option was known lacks it: it was off then. */
function option<S extends v.GenericSchema>(value: S) {
  return v.optional(v.nullable(value), null);
}

const problem = object({
  id,
  batch: positive,
  heads: positive,
  kvHeads: positive,
  seqLenQ: positive,
  seqLenKv: positive,
  headDim: positive,
  headDimV: positive,
  dtype: oneOf(dtypes),
  causal: v.union(
    [v.literal(false), v.picklist(causalAlignments)],
    `false or one of ${causalAlignments.join(', ')}`,
  ),
  /** Keys that a query sees left and right of its diagonal; null is no limit. */
  window: option(v.strictTuple([v.nullable(integer), v.nullable(integer)], 'a list of two')),
  /** Keys of each batch entry that are not padding. */
  lengths: option(list(integer)),
  /** Lengths of the sequences that lie end to end in one batch entry. */
  packed: option(list(integer)),
  /** Batch and heads of the bias: 1x8. */
  bias: option(text),
  alibi: option(flag),
  softcap: option(finite),
  sinks: option(flag),
  dropout: option(finite),
  /** local:4, strided:8, butterfly, random:0.25. */
  blockMask: option(text),
  ringDevices: option(positive),
  seed: integer,
});

const peaks = object({
  provenance: exactly('measured'),
  bandwidthGBs: v.nullable(size),
  f32Gflops: v.nullable(size),
  f16Gflops: v.nullable(size),
});

const device = object({
  id,
  name: text,
  vendor: text,
  architecture: text,
  driver: v.nullable(text),
  backend: v.nullable(text),
  type: oneOf(['discrete', 'integrated', 'software', 'table', 'unknown']),
  features: list(text),
  limits: named(integer),
  peaks: v.nullable(peaks),
});

const error = object({
  provenance: exactly('measured'),
  reference: exactly('float64'),
  /** Rows compared, out of `of`. */
  rows: integer,
  of: integer,
  /** Null where it is not a finite number; `nonFinite` then says how many elements were not. */
  relativeL2: v.nullable(size),
  maxAbs: v.nullable(size),
  nonFinite: integer,
});

const time = object({
  provenance: exactly('measured'),
  clock: oneOf(['timestamp-query', 'wall']),
  medianMs: ms,
  p25Ms: ms,
  p75Ms: ms,
  /** Submission to idle, of the same samples. */
  wallMedianMs: ms,
  samplesMs: list(ms),
  stages: list(object({ name, medianMs: ms })),
});

/** What binds a stage in the model of its time. */
const stageLimits = ['bandwidth', 'matmul', 'exponentials', 'launch'] as const;

/** Time as a model has it, for the device of the run, between the least and the most that it takes for possible. */
const projection = object({
  provenance: exactly('modelled'),
  ms,
  lowMs: ms,
  highMs: ms,
  stages: list(object({ name, ms, limitedBy: oneOf(stageLimits) })),
  /** What it takes for granted, one sentence each. */
  assumptions: list(text),
});

/** The longest sequence that the algorithm runs in a memory of `memoryBytes`; 0 where not even one token fits. */
const longestSequence = object({
  provenance: exactly('exact'),
  seqLen: integer,
  bytes: count,
  memoryBytes: count,
  limitedBy: oneOf(['memory', 'device', 'shape']),
});

/** Memory of one attention call as a framework's allocator would hold it, by part. */
const frameworkMemory = object({
  problem: id,
  provenance: exactly('modelled'),
  kind: oneOf(['standard', 'flash']),
  when: oneOf(['inference', 'training', 'saved for backward']),
  bytes: count,
  parts: list(object({ part: text, bytes: count })),
});

const order = object({ order: text, elements: size });

/** What theory says of a problem: orders of growth without their constants, in elements, all heads together. */
const theory = object({
  problem: id,
  pass: oneOf(passes),
  provenance: exactly('modelled'),
  /** M: what the chip holds at a time. */
  onChipElements: integer,
  regime: oneOf(['below-head-dim', 'small-cache', 'large-cache', 'all-fits']),
  standard: order,
  flash: order,
  lowerBound: order,
});

/** How far a stopped run came, and how long the whole would take at that rate. */
const partial = object({
  provenance: exactly('measured'),
  slicesDone: integer,
  slices: integer,
  elapsedMs: ms,
  predictedMs: ms,
  slicesMs: list(ms),
});

const run = object({
  device: id,
  problem: id,
  /** The point of the sweep that the run belongs to; absent where there is no sweep. */
  point: v.optional(id),
  /** `model`: nothing was run, every number is a closed form or a model. */
  engine: oneOf(['webgpu', 'model']),
  algorithm: name,
  pass: oneOf(passes),
  status: oneOf(runStatuses),
  /** What happened and what to do next; present unless status is ok. */
  reason: v.optional(text),
  tiling: v.nullable(
    object({ br: positive, bc: positive, dc: positive, splits: positive, headsPerSlice: positive }),
  ),
  route: v.optional(text),
  time: v.nullable(time),
  projection: v.optional(projection),
  partial: v.nullable(partial),
  traffic: object({
    counted: v.optional(traffic('counted')),
    exact: v.optional(traffic('exact')),
    modelled: v.optional(modelledTraffic),
    bound: v.optional(traffic('bound')),
    measured: v.optional(traffic('measured')),
  }),
  tiles: v.nullable(
    object({ provenance: exactly('exact'), total: integer, skipped: integer, partial: integer }),
  ),
  memory: v.nullable(
    object({ provenance: exactly('exact'), peakBytes: count, buffers: list(object({ name, bytes: count })) }),
  ),
  longestSequence: v.optional(longestSequence),
  flops: v.nullable(object({ provenance: exactly('exact'), nominal: count, exact: count })),
  /** What depends on the values of the inputs, as the device told it: rows computed again, for instance. */
  deviceNumbers: v.optional(named(integer)),
  /** By output: o, lse, dq, dk, dv. */
  errors: named(error),
});

const timestamp = 'a time like 2026-01-31T12:00:00.000Z';

export const documentSchema = object({
  format: exactly(formatName),
  version: exactly(formatVersion),
  createdAt: v.pipe(
    v.string(timestamp),
    v.isoTimestamp(timestamp),
    v.check((moment) => Number.isFinite(Date.parse(moment)), timestamp),
  ),
  tool: object({ name: text, version: text }),
  devices: list(device),
  problems: list(problem),
  runs: list(run),
  theory: v.optional(list(theory)),
  frameworkMemory: v.optional(list(frameworkMemory)),
  /** What the document sweeps over; absent where it is no sweep. */
  sweep: v.optional(sweep),
});

/** The parts that repeat: the JSON Schema names them once. */
export const documentParts = { count, name, tally, buffers, stageTraffic };

export type ProfileDocument = v.InferOutput<typeof documentSchema>;
export type DocumentRun = ProfileDocument['runs'][number];
export type DocumentProblem = ProfileDocument['problems'][number];
export type DocumentDevice = ProfileDocument['devices'][number];
export type DocumentTraffic<P extends Provenance = Provenance> = NonNullable<DocumentRun['traffic'][P]>;
export type DocumentProjection = v.InferOutput<typeof projection>;
export type DocumentSweep = NonNullable<ProfileDocument['sweep']>;
export type DocumentTally = v.InferOutput<typeof tally>;
export type { Count };
