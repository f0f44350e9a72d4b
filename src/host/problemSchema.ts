import * as v from 'valibot';
import type { BlockMask } from '../attention/blockMask.ts';
import { checkOptions } from '../attention/options.ts';
import { causalAlignments, dtypes, type Problem } from '../attention/problem.ts';
import { checkShape } from '../attention/shape.ts';

const integer = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const finite = v.pipe(v.number(), v.finite());
const lengths = v.pipe(v.array(integer), v.minLength(1), v.maxLength(1_000_000));

const blockMask: v.GenericSchema<BlockMask> = v.variant('kind', [
  v.object({ kind: v.literal('local'), width: integer }),
  v.object({ kind: v.literal('strided'), stride: positive }),
  v.object({ kind: v.literal('butterfly') }),
  v.object({ kind: v.literal('random'), density: finite }),
]);

/** An attention problem with sizes and options that go together. */
export const problemSchema: v.GenericSchema<Problem> = v.pipe(
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
    window: v.nullable(v.object({ left: v.nullable(integer), right: v.nullable(integer) })),
    lengths: v.nullable(lengths),
    packed: v.nullable(lengths),
    bias: v.nullable(v.object({ batch: positive, heads: positive })),
    alibi: v.boolean(),
    softcap: v.nullable(finite),
    sinks: v.boolean(),
    dropout: v.nullable(finite),
    blockMask: v.nullable(blockMask),
    ringDevices: v.nullable(positive),
    seed: integer,
  }),
  v.check((problem) => checkShape(problem).ok, 'not the shape of an attention problem'),
  v.check((problem) => checkOptions(problem).ok, 'options that do not go together'),
);
