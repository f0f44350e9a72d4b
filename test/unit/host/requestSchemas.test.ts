import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import type { MeasureRequest } from '../../../src/gpu/measurement.ts';
import { measurementSchema, progressSchema } from '../../../src/host/replySchemas.ts';
import { measureRequestSchema, openSchema } from '../../../src/host/requestSchemas.ts';
import { copyRequest } from '../../gpu/host/copyPlan.ts';

type Change = (request: MeasureRequest) => void;

const hostile: [string, Change][] = [
  ['a buffer without bytes', ({ plan }) => (plan.buffers[0]!.bytes = 0)],
  ['a size that is not whole', ({ plan }) => (plan.buffers[0]!.bytes = 4.5)],
  ['a size past 2^53', ({ plan }) => (plan.buffers[0]!.bytes = 2 ** 60)],
  ['two buffers of one name', ({ plan }) => plan.buffers.push(plan.buffers[0]!)],
  ['a buffer named like no variable', ({ plan }) => (plan.buffers[0]!.name = '__proto__ x')],
  ['a binding past the end', ({ plan }) => (plan.dispatches[0]!.bindings[0]!.offset = 4)],
  ['a binding of no buffer', ({ plan }) => (plan.dispatches[0]!.bindings[0]!.buffer = 'q')],
  ['an empty grid', ({ plan }) => (plan.dispatches[0]!.grid[1] = 0)],
  ['a grid of two', ({ plan }) => ((plan.dispatches[0]!.grid as number[]).length = 2)],
  ['a stage that is not listed', ({ plan }) => (plan.dispatches[0]!.stage = 'other')],
  ['offsets past the parameters', ({ plan }) => (plan.dispatches[0]!.groupOffsetWord = 2)],
  ['a parameter past 32 bits', ({ plan }) => (plan.dispatches[0]!.params[3] = 2 ** 32)],
  ['no dispatch', ({ plan }) => (plan.dispatches = [])],
  ['a module that is not linked', (request) => (request.modules = [])],
  ['an entry point with code in it', ({ plan }) => (plan.dispatches[0]!.entryPoint = 'main() { } fn x')],
  ['a shader of 2 MB', ({ modules }) => (modules[0]!.wgsl = ' '.repeat(2_000_000))],
  ['a hash that is none', ({ modules }) => (modules[0]!.hash = 'abc')],
  ['heads that kv heads do not divide', ({ plan }) => (plan.problem.kvHeads = 3)],
  ['an unknown dtype', ({ plan }) => ((plan.problem as { dtype: string }).dtype = 'f8')],
  ['a negative budget', (request) => (request.budgetMs = -1)],
  ['a budget that is NaN', (request) => (request.budgetMs = Number.NaN)],
  ['no rows to check', ({ steps }) => (steps.check = { rows: 0 })],
  ['a million samples', ({ steps }) => (steps.time = { samples: 1_000_000 })],
];

describe('a measure request', () => {
  it('is accepted as it is, and over JSON', () => {
    const request = copyRequest();
    expect(v.is(measureRequestSchema, request)).toBe(true);
    expect(v.is(measureRequestSchema, JSON.parse(JSON.stringify(request)))).toBe(true);
  });

  it.each(hostile)('is refused with %s', (_name, change) => {
    const request = structuredClone(copyRequest());
    change(request);
    expect(v.is(measureRequestSchema, request)).toBe(false);
  });

  it.each([null, 1, 'plan', [], {}, { plan: null }])('is not %j', (value) => {
    expect(v.is(measureRequestSchema, value)).toBe(false);
  });

  it('loses any one of its fields only to be refused', () => {
    for (const key of Object.keys(copyRequest()) as (keyof MeasureRequest)[]) {
      const { [key]: _, ...rest } = copyRequest();
      expect(v.is(measureRequestSchema, rest), key).toBe(false);
    }
    for (const key of Object.keys(copyRequest().plan)) {
      const plan = Object.fromEntries(Object.entries(copyRequest().plan).filter(([name]) => name !== key));
      expect(v.is(measureRequestSchema, { ...copyRequest(), plan }), key).toBe(false);
    }
  });
});

it('an adapter is asked for by a short text', () => {
  expect(v.is(openSchema, { adapter: 'auto' })).toBe(true);
  for (const adapter of ['', 1, null, 'x'.repeat(1000)]) expect(v.is(openSchema, { adapter })).toBe(false);
});

describe('answers', () => {
  it('give back the NaN that JSON cannot write', () => {
    const errors = {
      o: { reference: 'float64', rows: 1, of: 1, relativeL2: Number.NaN, maxAbs: 2, nonFinite: 3 },
    };
    const measurement = {
      status: 'ok',
      time: null,
      partial: null,
      counts: [{ stage: 's', module: 'm', site: 0, count: '123456789012345678901' }],
      errors,
      memory: { peakBytes: 1, harnessPeakBytes: 0, buffers: [] },
    };
    const read = v.parse(measurementSchema, JSON.parse(JSON.stringify(measurement)));
    expect(read).toEqual(measurement);
    expect(v.is(measurementSchema, { ...measurement, counts: [{ count: '-1' }] })).toBe(false);
    const hostileErrors = JSON.parse('{"__proto__": {"reference": "float64"}}');
    expect(v.parse(measurementSchema, { ...measurement, errors: hostileErrors }).errors).toEqual({});
  });

  it('must say a patience', () => {
    const progress = { phase: 'run', stage: null, fraction: 0.5, patienceMs: 100 };
    expect(v.is(progressSchema, progress)).toBe(true);
    expect(v.is(progressSchema, { ...progress, patienceMs: Number.POSITIVE_INFINITY })).toBe(false);
    expect(v.is(progressSchema, { ...progress, phase: 'sleep' })).toBe(false);
  });
});
