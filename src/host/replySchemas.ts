import * as v from 'valibot';
import type { DeviceDescription } from '../attention/limits.ts';
import type { Measurement, MeasureProgress } from '../gpu/measurement.ts';
import { answeredKinds } from './errors.ts';
import type { ListedAdapter } from './protocol.ts';

/** What the supervisor accepts from the GPU process: a driver that overwrote memory may make it say anything. */

const text = v.pipe(v.string(), v.maxLength(100_000));
const integer = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const ms = v.pipe(v.number(), v.finite(), v.minValue(0));
const rate = v.nullable(v.pipe(v.number(), v.finite(), v.minValue(0)));
/** JSON has no NaN or infinity and writes null for them; the error of an output full of NaN is NaN again here. */
const anyNumber = v.union([
  v.number(),
  v.pipe(
    v.null(),
    v.transform(() => Number.NaN),
  ),
]);
const key = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z]\w{0,63}$/),
  v.check((word) => word !== 'constructor' && word !== 'prototype', 'reserved name'),
);

const buffers = v.array(v.object({ name: text, bytes: integer }));

export const measurementSchema: v.GenericSchema<unknown, Measurement> = v.object({
  status: v.picklist(['ok', 'stopped', 'failed']),
  reason: v.exactOptional(text),
  doesNotFit: v.exactOptional(v.literal(true)),
  compileErrors: v.exactOptional(v.array(v.object({ line: integer, column: integer, message: text }))),
  notes: v.exactOptional(v.array(text)),
  time: v.nullable(
    v.object({
      medianMs: ms,
      p25Ms: ms,
      p75Ms: ms,
      wallMedianMs: ms,
      samplesMs: v.array(ms),
      stages: v.array(v.object({ name: text, medianMs: ms })),
      clock: v.picklist(['timestamp-query', 'wall']),
    }),
  ),
  partial: v.nullable(
    v.object({
      slicesDone: integer,
      slices: integer,
      elapsedMs: ms,
      predictedMs: ms,
      slicesMs: v.array(ms),
    }),
  ),
  counts: v.nullable(
    v.array(
      v.object({
        stage: text,
        module: text,
        site: integer,
        count: v.pipe(v.string(), v.regex(/^\d{1,40}$/)),
      }),
    ),
  ),
  errors: v.nullable(
    v.record(
      key,
      v.object({
        reference: v.literal('float64'),
        rows: integer,
        of: integer,
        relativeL2: anyNumber,
        maxAbs: anyNumber,
        nonFinite: integer,
      }),
    ),
  ),
  deviceNumbers: v.exactOptional(v.record(key, integer)),
  memory: v.object({ peakBytes: integer, harnessPeakBytes: integer, buffers }),
});

export const descriptionSchema: v.GenericSchema<unknown, DeviceDescription> = v.object({
  id: text,
  name: text,
  vendor: text,
  architecture: text,
  driver: v.nullable(text),
  backend: v.nullable(text),
  type: v.picklist(['discrete', 'integrated', 'software', 'unknown']),
  features: v.array(text),
  limits: v.object({
    maxBufferSize: integer,
    maxStorageBufferBindingSize: integer,
    maxComputeWorkgroupStorageSize: integer,
    maxComputeInvocationsPerWorkgroup: integer,
    maxComputeWorkgroupSizeX: integer,
    maxComputeWorkgroupsPerDimension: integer,
    maxStorageBuffersPerShaderStage: integer,
    minStorageBufferOffsetAlignment: integer,
  }),
  peaks: v.nullable(
    v.object({
      provenance: v.literal('measured'),
      bandwidthGBs: rate,
      f32Gflops: rate,
      f16Gflops: rate,
    }),
  ),
});

export const adaptersSchema: v.GenericSchema<unknown, ListedAdapter[]> = v.pipe(
  v.array(v.object({ name: text, backend: text })),
  v.maxLength(1000),
);

export const progressSchema: v.GenericSchema<unknown, MeasureProgress> = v.object({
  phase: v.picklist(['upload', 'compile', 'run', 'check', 'count', 'time', 'readback']),
  stage: v.nullable(text),
  fraction: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
  patienceMs: ms,
});

export const lostSchema = v.object({ reason: text });

export const failureSchema = v.object({ kind: v.picklist(answeredKinds) });
