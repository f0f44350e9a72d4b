import * as v from 'valibot';
import { causalAlignments, dtypes, type Problem, passes } from '../attention/problem.ts';
import { checkShape } from '../attention/shape.ts';
import type { Tiling } from '../attention/tiling.ts';
import type { MeasureRequest } from '../gpu/measurement.ts';
import type { LinkedModule, Plan } from '../plans/plan.ts';

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

const problem: v.GenericSchema<Problem> = v.pipe(
  v.object({
    batch: positive,
    heads: positive,
    kvHeads: positive,
    seqLenQ: positive,
    seqLenKv: positive,
    headDim: positive,
    headDimV: positive,
    dtype: v.picklist(dtypes),
    causal: v.union([v.literal(false), v.picklist(causalAlignments)]),
    seed: integer,
  }),
  v.check(({ batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV }) => {
    return checkShape({ batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV }).ok;
  }, 'not the shape of an attention problem'),
);

const tiling: v.GenericSchema<Tiling> = v.object({
  br: positive,
  bc: positive,
  dc: positive,
  splits: positive,
  headsPerSlice: positive,
});

const plan: v.GenericSchema<Plan> = v.pipe(
  v.object({
    algorithm: name,
    pass: v.picklist(passes),
    problem,
    tiling,
    buffers: v.pipe(
      v.array(
        v.object({
          name: identifier,
          role: v.picklist(['input', 'output', 'scratch']),
          bytes: positive,
          fill: v.variant('kind', [
            v.object({ kind: v.literal('normal'), seed: integer, stream: integer }),
            v.object({ kind: v.literal('poison') }),
          ]),
        }),
      ),
      v.maxLength(256),
    ),
    modules: v.pipe(
      v.array(
        v.object({
          id: name,
          source: name,
          conditions: v.record(v.string(), v.boolean()),
          constants: v.record(v.string(), v.pipe(v.number(), v.finite())),
        }),
      ),
      v.maxLength(256),
    ),
    dispatches: v.pipe(
      v.array(
        v.object({
          stage: name,
          module: name,
          entryPoint: identifier,
          grid: v.tuple([positive, positive, positive]),
          bindings: v.pipe(
            v.array(v.object({ binding: integer, buffer: identifier, offset: integer, size: positive })),
            v.maxLength(64),
          ),
          params: v.pipe(v.array(word), v.maxLength(4096)),
          groupOffsetWord: integer,
        }),
      ),
      v.minLength(1),
      v.maxLength(1_000_000),
    ),
    stages: v.pipe(v.array(name), v.maxLength(256)),
  }),
  v.check((value) => unique(value.buffers.map((buffer) => buffer.name)), 'two buffers of one name'),
  v.check(bindingsFit, 'a dispatch binds past the end of a buffer, or one that does not exist'),
  v.check(
    (value) => value.dispatches.every((dispatch) => value.stages.includes(dispatch.stage)),
    'a dispatch belongs to a stage that the plan does not list',
  ),
  v.check(
    (value) => value.dispatches.every((one) => one.groupOffsetWord + 3 <= one.params.length),
    'groupOffsetWord points past the parameters',
  ),
);

const linkedModule: v.GenericSchema<LinkedModule> = v.object({
  id: name,
  wgsl: shaderText,
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

export const measureRequestSchema: v.GenericSchema<MeasureRequest> = v.pipe(
  v.object({
    plan,
    modules: v.pipe(v.array(linkedModule), v.maxLength(256)),
    steps: v.object({
      check: v.nullable(v.object({ rows: v.union([positive, v.literal('all')]) })),
      count: v.boolean(),
      time: v.nullable(v.object({ samples: v.pipe(positive, v.maxValue(100_000)) })),
    }),
    budgetMs: v.nullable(v.pipe(v.number(), v.finite(), v.gtValue(0))),
  }),
  v.check(({ modules }) => unique(modules.map((module) => module.id)), 'two linked modules of one id'),
  v.check(({ plan: { dispatches }, modules }) => {
    const linked = new Set(modules.map((module) => module.id));
    return dispatches.every((dispatch) => linked.has(dispatch.module));
  }, 'a dispatch uses a module that is not linked'),
);

/** Adapter names are the driver's; anything printable of a sane length is one. */
export const openSchema = v.object({ adapter: v.pipe(v.string(), v.minLength(1), v.maxLength(256)) });

function bindingsFit({ buffers, dispatches }: Plan): boolean {
  const bytes = new Map(buffers.map((buffer) => [buffer.name, buffer.bytes]));
  return dispatches.every(({ bindings }) =>
    bindings.every(({ buffer, offset, size }) => offset + size <= (bytes.get(buffer) ?? -1)),
  );
}

function unique(names: string[]): boolean {
  return new Set(names).size === names.length;
}
