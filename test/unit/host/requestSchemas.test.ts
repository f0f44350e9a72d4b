import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import type { MeasureRequest } from '../../../src/gpu/measurement.ts';
import { measurementSchema, progressSchema } from '../../../src/host/replySchemas.ts';
import { measureRequestSchema, openSchema } from '../../../src/host/requestSchemas.ts';
import type { Plan, PlanBinding, PlanDispatch } from '../../../src/plans/plan.ts';
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
  ['an option that is missing', ({ plan }) => delete (plan.problem as { window?: unknown }).window],
  ['a window that is negative', ({ plan }) => (plan.problem.window = { left: -1, right: null })],
  ['lengths of another batch', ({ plan }) => (plan.problem.lengths = [1, 1])],
  ['packed sequences that end too soon', ({ plan }) => (plan.problem.packed = [1, 2])],
  ['a bias of more heads', ({ plan }) => (plan.problem.bias = { batch: 1, heads: 2 })],
  ['a softcap that is NaN', ({ plan }) => (plan.problem.softcap = Number.NaN)],
  ['everything dropped', ({ plan }) => (plan.problem.dropout = 1)],
  ['a block mask of no kind', ({ plan }) => (plan.problem.blockMask = { kind: 'x' } as never)],
  ['a block mask with no block', ({ plan }) => (plan.problem.blockMask = { kind: 'random', density: 0 })],
  ['more ring devices than rows', ({ plan }) => (plan.problem.ringDevices = 65)],
  ['a role that there is not', ({ plan }) => (plan.buffers[0]!.role = 'guest' as never)],
  ['elements of no type', ({ plan }) => (plan.buffers[0]!.elements.dtype = 'f8' as never)],
  ['half a row', ({ plan }) => (plan.buffers[0]!.elements = { dtype: 'f32', width: 100 })],
  ['a row without elements', ({ plan }) => (plan.buffers[1]!.elements = { dtype: 'f32', width: 0 })],
  [
    'a stream past 32 bits',
    ({ plan }) => (plan.buffers[0]!.fill = { kind: 'normal', seed: 1, stream: 2 ** 32 }),
  ],
  ['a stream below zero', ({ plan }) => (plan.buffers[0]!.fill = { kind: 'normal', seed: 1, stream: -1 })],
  ['a word past 32 bits', ({ plan }) => (plan.buffers[1]!.fill = { kind: 'words', words: [2 ** 32] })],
  ['more words than bytes', ({ plan }) => withTable(plan, 16, 5)],
  ['a tensor of no width', ({ plan }) => (plan.modules[0]!.tensors[0]!.width = 0)],
  ['a tensor named like code', ({ plan }) => (plan.modules[0]!.tensors[0]!.name = 'q; x')],
  ['a prologue that binds past the end', ({ plan }) => withPrologue(plan, { offset: 4 })],
  ['a prologue of no module', ({ plan }) => (withPrologue(plan, {}).module = 'other')],
  ['overflow that is no yes or no', ({ plan }) => (plan.mayOverflow = 1 as never)],
  ['a negative budget', (request) => (request.budgetMs = -1)],
  ['a budget that is NaN', (request) => (request.budgetMs = Number.NaN)],
  ['no rows to check', ({ steps }) => (steps.check = { rows: 0 })],
  ['a million samples', ({ steps }) => (steps.time = { samples: 1_000_000 })],
];

/** A prologue of the plan's own dispatch, its first binding changed. */
function withPrologue(plan: Plan, binding: Partial<PlanBinding>): PlanDispatch {
  const dispatch = structuredClone(plan.dispatches[0]!);
  Object.assign(dispatch.bindings[0]!, binding);
  plan.prologue = [dispatch];
  return dispatch;
}

function withTable(plan: Plan, bytes: number, words: number): void {
  plan.buffers.push({
    name: 'lengths',
    role: 'table',
    bytes,
    elements: { dtype: 'f32', width: 1 },
    fill: { kind: 'words', words: Array.from({ length: words }, () => 2 ** 32 - 1) },
  });
}

describe('a measure request', () => {
  it('is accepted as it is, and over JSON', () => {
    const request = copyRequest();
    expect(v.is(measureRequestSchema, request)).toBe(true);
    expect(v.is(measureRequestSchema, JSON.parse(JSON.stringify(request)))).toBe(true);
  });

  it('may have a prologue, tables, zeroed and computed buffers, and every option', () => {
    const request = copyRequest();
    const { plan } = request;
    withPrologue(plan, {});
    withTable(plan, 16, 4);
    plan.buffers[0]!.role = 'computed';
    plan.buffers[1]!.fill = { kind: 'zero' };
    plan.mayOverflow = true;
    Object.assign(plan.problem, {
      dtype: 'bf16',
      window: { left: 3, right: null },
      lengths: [5],
      bias: { batch: 1, heads: 1 },
      alibi: true,
      softcap: 30,
      sinks: true,
      dropout: 0.1,
      blockMask: { kind: 'local', width: 2 },
      ringDevices: 4,
    });
    expect(v.safeParse(measureRequestSchema, JSON.parse(JSON.stringify(request))).issues).toBeUndefined();
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
