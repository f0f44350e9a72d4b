import * as v from 'valibot';
import type { Pages } from '../attention/paging.ts';
import { dtypes, passes } from '../attention/problem.ts';
import { rowLayout } from '../attention/storage.ts';
import type { Tiling } from '../attention/tiling.ts';
import type {
  AnyPlan,
  DispatchPlan,
  KernelPlan,
  LinkedModule,
  Plan,
  PlanBuffer,
  PlanDispatch,
} from '../plans/plan.ts';
import { problemSchema } from './problemSchema.ts';
import type { HostMeasureRequest } from './protocol.ts';

/**
 * What the GPU process accepts. A message may come from anything that got hold of the channel, and what it
 * holds becomes buffer sizes, shader text and dispatch counts: all of it is checked before any is used.
 */

const integer = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
/** Names of buffers, stages and modules: short and plain, since some become WGSL or object keys. */
const name = v.pipe(v.string(), v.regex(/^[A-Za-z][\w./ -]{0,127}$/));
const identifier = v.pipe(v.string(), v.regex(/^[A-Za-z_]\w{0,127}$/));
/** A 32-bit word, signed or not. */
const word = v.pipe(v.number(), v.safeInteger(), v.minValue(-(2 ** 31)), v.maxValue(2 ** 32 - 1));
const shaderText = v.pipe(v.string(), v.maxLength(1_000_000));

const tiling: v.GenericSchema<Tiling> = v.object({
  br: positive,
  bc: positive,
  dc: positive,
  splits: positive,
  headsPerSlice: positive,
});

/** Every batch entry's part of the table names each place of a pool once. */
const pages: v.GenericSchema<Pages> = v.pipe(
  v.object({
    size: positive,
    rows: positive,
    kvHeads: positive,
    table: v.pipe(v.array(integer), v.maxLength(4_000_000)),
  }),
  v.check(({ size, rows, table }) => {
    const count = Math.ceil(rows / size);
    const places = table.map((place, index) => (place < count ? index - (index % count) + place : -1));
    return table.length % count === 0 && !places.includes(-1) && new Set(places).size === places.length;
  }, 'a block table does not place every page once'),
);

const buffer: v.GenericSchema<PlanBuffer> = v.pipe(
  v.object({
    name: identifier,
    role: v.picklist(['input', 'computed', 'output', 'scratch', 'table']),
    bytes: positive,
    elements: v.object({ dtype: v.picklist(dtypes), width: positive }),
    fill: v.variant('kind', [
      v.object({
        kind: v.literal('normal'),
        seed: integer,
        stream: v.pipe(word, v.minValue(0)),
        pages: v.exactOptional(pages),
      }),
      v.object({ kind: v.literal('words'), words: v.pipe(v.array(word), v.maxLength(4_000_000)) }),
      v.object({
        kind: v.literal('sequence'),
        type: v.picklist(['f32', 'f16', 'i32', 'u32']),
        start: v.pipe(v.number(), v.finite()),
        step: v.pipe(v.number(), v.finite()),
      }),
      v.object({ kind: v.literal('given') }),
      v.object({ kind: v.literal('zero') }),
      v.object({ kind: v.literal('poison') }),
    ]),
  }),
  v.check(
    ({ bytes, fill }) => fill.kind !== 'words' || fill.words.length * 4 <= bytes,
    'a buffer is filled with more words than it holds',
  ),
  v.check(({ bytes, fill, elements: { dtype, width } }) => {
    if (fill.kind !== 'normal' || !fill.pages) return true;
    const { size, kvHeads, table } = fill.pages;
    return bytes === table.length * kvHeads * size * rowLayout(dtype, width).bytes;
  }, 'a buffer in pages is not as large as its pools'),
  v.check(
    ({ bytes, role, fill, elements: { dtype, width } }) =>
      (role !== 'output' && fill.kind !== 'normal') || bytes % rowLayout(dtype, width).bytes === 0,
    'a tensor has no whole number of rows',
  ),
);

const dispatch: v.GenericSchema<PlanDispatch> = v.pipe(
  v.object({
    stage: name,
    module: name,
    entryPoint: identifier,
    grid: v.tuple([positive, positive, positive]),
    bindings: v.pipe(
      v.array(
        v.object({
          group: v.exactOptional(v.pipe(integer, v.maxValue(15))),
          binding: integer,
          buffer: identifier,
          offset: integer,
          size: positive,
        }),
      ),
      v.maxLength(64),
    ),
    params: v.pipe(v.array(word), v.maxLength(4096)),
    groupOffsetWord: integer,
  }),
  v.check(
    (one) => one.params.length === 0 || one.groupOffsetWord + 3 <= one.params.length,
    'groupOffsetWord points past the parameters',
  ),
);

const dispatches = v.pipe(v.array(dispatch), v.maxLength(1_000_000));

const buffers = v.pipe(v.array(buffer), v.maxLength(256));
const stages = v.pipe(v.array(name), v.maxLength(256));

const attentionPlan: v.GenericSchema<Plan> = v.pipe(
  v.object({
    algorithm: name,
    pass: v.picklist(passes),
    problem: problemSchema,
    tiling,
    buffers,
    modules: v.pipe(
      v.array(
        v.object({
          id: name,
          source: name,
          conditions: v.record(v.string(), v.boolean()),
          constants: v.record(v.string(), v.pipe(v.number(), v.finite())),
          tensors: v.pipe(
            v.array(
              v.object({
                name: identifier,
                binding: integer,
                access: v.picklist(['read', 'write', 'read_write']),
                dtype: v.picklist(dtypes),
                width: positive,
              }),
            ),
            v.maxLength(64),
          ),
        }),
      ),
      v.maxLength(256),
    ),
    prologue: dispatches,
    dispatches: v.pipe(dispatches, v.minLength(1)),
    stages,
    deviceNumbers: v.exactOptional(
      v.pipe(
        v.array(
          v.object({
            name: identifier,
            buffer: identifier,
            column: integer,
            of: v.picklist(['sum', 'nonZero']),
          }),
        ),
        v.maxLength(16),
      ),
    ),
    mayOverflow: v.exactOptional(v.boolean()),
  }),
  v.check((value) => unique(value.buffers.map((one) => one.name)), 'two buffers of one name'),
  v.check(
    (value) => bindingsFit(value),
    'a dispatch binds past the end of a buffer, or one that does not exist',
  ),
  v.check(
    ({ buffers, deviceNumbers = [] }) =>
      deviceNumbers.every(({ buffer, column }) =>
        buffers.some(({ name, elements }) => name === buffer && column < elements.width),
      ),
    'a device number is read from a buffer that does not exist, or past its rows',
  ),
  v.check(
    (value) => value.dispatches.every((one) => value.stages.includes(one.stage)),
    'a dispatch belongs to a stage that the plan does not list',
  ),
);

/** One dispatch, never cut: where it would be a long one, nothing shows how far it is. */
const kernelPlan: v.GenericSchema<KernelPlan> = v.pipe(
  v.strictObject({
    algorithm: name,
    buffers,
    prologue: v.pipe(dispatches, v.maxLength(0)),
    dispatches: v.pipe(dispatches, v.length(1)),
    stages,
    readsWritten: v.exactOptional(v.boolean()),
  }),
  v.check((value) => unique(value.buffers.map((one) => one.name)), 'two buffers of one name'),
  v.check(
    (value) => bindingsFit(value),
    'a dispatch binds past the end of a buffer, or one that does not exist',
  ),
  v.check(
    (value) => value.dispatches.every((one) => one.params.length === 0 && value.stages.includes(one.stage)),
    'a dispatch has parameters, or belongs to a stage that the plan does not list',
  ),
);

const plan: v.GenericSchema<AnyPlan> = v.lazy((value) =>
  typeof value === 'object' && value !== null && 'problem' in value ? attentionPlan : kernelPlan,
);

const linkedModule: v.GenericSchema<LinkedModule> = v.object({
  id: name,
  wgsl: shaderText,
  constants: v.exactOptional(v.record(v.string(), v.pipe(v.number(), v.finite()))),
  counting: v.object({
    wgsl: shaderText,
    sites: v.array(
      v.object({
        buffer: identifier,
        kind: v.picklist(['load', 'store']),
        bytesPerAccess: positive,
        line: integer,
      }),
    ),
    counterBinding: integer,
  }),
  hash: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
});

export const measureRequestSchema: v.GenericSchema<HostMeasureRequest> = v.pipe(
  v.object({
    plan,
    modules: v.pipe(v.array(linkedModule), v.maxLength(256)),
    steps: v.object({
      check: v.nullable(v.object({ rows: v.union([positive, v.literal('all')]) })),
      count: v.boolean(),
      time: v.nullable(v.object({ samples: v.pipe(positive, v.maxValue(100_000)) })),
    }),
    budgetMs: v.nullable(v.pipe(v.number(), v.finite(), v.gtValue(0))),
    files: v.exactOptional(
      v.object({
        folder: v.pipe(v.string(), v.minLength(1), v.maxLength(4096)),
        inputs: v.pipe(v.array(identifier), v.maxLength(64)),
      }),
    ),
  }),
  v.check(({ modules }) => unique(modules.map((module) => module.id)), 'two linked modules of one id'),
  v.check(({ plan: { prologue, dispatches }, modules }) => {
    const linked = new Set(modules.map((module) => module.id));
    return [...prologue, ...dispatches].every((one) => linked.has(one.module));
  }, 'a dispatch uses a module that is not linked'),
  v.check(
    ({ plan, steps }) => plan.problem !== undefined || steps.check === null,
    'a kernel of the user has nothing to be compared with',
  ),
);

/** Adapter names are the driver's; anything printable of a sane length is one. */
export const openSchema = v.object({ adapter: v.pipe(v.string(), v.minLength(1), v.maxLength(256)) });

function bindingsFit({ buffers, prologue, dispatches }: DispatchPlan): boolean {
  const bytes = new Map(buffers.map((buffer) => [buffer.name, buffer.bytes]));
  return [...prologue, ...dispatches].every(({ bindings }) =>
    bindings.every(({ buffer, offset, size }) => offset + size <= (bytes.get(buffer) ?? -1)),
  );
}

function unique(names: string[]): boolean {
  return new Set(names).size === names.length;
}
