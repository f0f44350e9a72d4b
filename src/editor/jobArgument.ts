import * as v from 'valibot';
import { catalogue, findAlgorithm } from '../attention/catalogue.ts';
import {
  causalAlignments,
  dtypes,
  noOptions,
  type Pass,
  type Problem,
  passes,
} from '../attention/problem.ts';
import { checkShape, parseShape, type Result, type Shape } from '../attention/shape.ts';
import { unsupported } from '../attention/support.ts';
import { problemOf, type WrittenOptions, withOptions } from '../profiler/document/problem.ts';
import type { DocumentRun, ProfileDocument } from '../profiler/document/schema.ts';
import type { ProfileJob } from '../profiler/job.ts';
import type { Settings } from './contributions.ts';

/**
 * What `attention.profile` takes: a shape, and whatever of a job is not to come from the settings. Options
 * are written as in a document.
 *
 * ```json
 * { "shape": "8,16,4096,64", "causal": "top-left", "window": [128, 0], "algorithms": ["flash2"] }
 * ```
 */
export interface JobArgument extends Partial<Omit<ProfileJob, 'problem'>>, Partial<WrittenOptions> {
  /** `B,H,N,D`, named sizes as text, or the sizes as an object; kv heads, key length and value dim have defaults. */
  shape: string | SizesArgument;
  dtype?: ProfileJob['problem']['dtype'];
  causal?: ProfileJob['problem']['causal'];
  seed?: number;
}

type SizesArgument = Pick<Shape, 'heads' | 'seqLenQ' | 'headDim'> & Partial<Shape>;

const size = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));

const sizes = v.strictObject({
  batch: v.optional(size),
  heads: size,
  kvHeads: v.optional(size),
  seqLenQ: size,
  seqLenKv: v.optional(size),
  headDim: size,
  headDimV: v.optional(size),
});

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const lengths = v.optional(v.nullable(v.pipe(v.array(whole), v.maxLength(65_536))), null);

/** Numbers and words of the right kind; whether they go with the sizes is asked afterwards. */
const options = {
  window: v.optional(v.nullable(v.strictTuple([v.nullable(whole), v.nullable(whole)])), null),
  lengths,
  packed: lengths,
  bias: v.optional(v.nullable(v.pipe(v.string(), v.maxLength(40))), null),
  alibi: v.optional(v.nullable(v.boolean()), null),
  softcap: v.optional(v.nullable(positive), null),
  sinks: v.optional(v.nullable(v.boolean()), null),
  dropout: v.optional(v.nullable(v.pipe(v.number(), v.finite())), null),
  blockMask: v.optional(v.nullable(v.pipe(v.string(), v.maxLength(100))), null),
  ringDevices: v.optional(v.nullable(size), null),
};

const argument = v.strictObject({
  shape: v.union([v.pipe(v.string(), v.maxLength(200)), sizes]),
  dtype: v.optional(v.picklist(dtypes), 'f32'),
  causal: v.optional(v.union([v.literal(false), v.picklist(causalAlignments)]), false),
  seed: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(2 ** 32 - 1)), 0),
  ...options,
  algorithms: v.optional(
    v.pipe(v.array(v.pipe(v.string(), v.maxLength(64))), v.minLength(1), v.maxLength(32)),
  ),
  passes: v.optional(v.pipe(v.array(v.picklist(passes)), v.minLength(1)), ['forward']),
  adapter: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(200))),
  tiling: v.optional(v.nullable(v.strictObject({ br: v.optional(size), bc: v.optional(size) })), null),
  repeats: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(1000))),
  timeBudgetSeconds: v.optional(v.nullable(positive)),
});

/** The whole job of an argument from outside, with the settings for what it leaves open; or what is wrong. */
export function parseJob(value: unknown, settings: Settings): Result<ProfileJob> {
  const parsed = v.safeParse(argument, value);
  if (!parsed.success) return fail(describe(parsed.issues[0]));
  const {
    shape: given,
    dtype,
    causal,
    seed,
    algorithms,
    adapter,
    repeats,
    timeBudgetSeconds,
  } = parsed.output;
  const { passes: wanted, tiling } = parsed.output;
  const shape = typeof given === 'string' ? parseShape(given) : checkShape(withDefaults(given));
  if (!shape.ok) return fail(shape.error);
  const problem = withOptions({ ...shape.value, ...noOptions, dtype, causal, seed }, parsed.output);
  if (!problem.ok) return fail(problem.error);
  const ids = [...new Set(algorithms ?? settings.algorithms)];
  for (const id of ids) {
    const obstacle = obstacleTo(id, problem.value, wanted);
    if (obstacle) return fail(obstacle);
  }
  const budget = timeBudgetSeconds === undefined ? settings.timeBudgetSeconds || null : timeBudgetSeconds;
  return {
    ok: true,
    value: {
      problem: problem.value,
      algorithms: ids,
      passes: wanted,
      adapter: adapter ?? settings.adapter,
      tiling,
      repeats: repeats ?? settings.repeats,
      timeBudgetSeconds: budget,
    },
  };
}

/**
 * The job that made a document, as far as a document knows it; null where it holds no run that could be made
 * again. Algorithms that were skipped because they cannot do it are left out.
 */
export function jobOfDocument(document: ProfileDocument, settings: Settings): ProfileJob | null {
  const described = document.problems[0];
  const problem = described && problemOf(described);
  if (!problem?.ok) return null;
  const { id: _id, batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV, ...rest } = described!;
  const distinct = <T>(of: (run: DocumentRun) => T) => [...new Set(document.runs.map(of))];
  const wanted = distinct((run) => run.pass);
  const job = parseJob(
    {
      shape: { batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV },
      ...rest,
      algorithms: distinct((run) => run.algorithm).filter(
        (algorithm) => obstacleTo(algorithm, problem.value, wanted) === null,
      ),
      passes: wanted,
    },
    settings,
  );
  return job.ok ? job.value : null;
}

/** Why an algorithm can run in none of the passes asked for, or null; where it can in one, the rest is skipped. */
function obstacleTo(id: string, problem: Problem, wanted: readonly Pass[]): string | null {
  const row = findAlgorithm(id);
  if (!row) {
    const known = catalogue.map((each) => each.id).join(', ');
    return `there is no algorithm ${JSON.stringify(id)}; the algorithms are ${known}`;
  }
  const reasons = wanted.map((pass) => unsupported(row, problem, pass));
  return reasons.includes(null) ? null : (reasons[0] ?? null);
}

function withDefaults(given: v.InferOutput<typeof sizes>): Shape {
  const {
    batch = 1,
    heads,
    kvHeads = heads,
    seqLenQ,
    seqLenKv = seqLenQ,
    headDim,
    headDimV = headDim,
  } = given;
  return { batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV };
}

function describe(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  const example = 'for example { "shape": "1,8,512,64" }';
  return path
    ? `${path}: ${issue.message}`
    : `attention.profile takes one object, ${example}: ${issue.message}`;
}

function fail(error: string): { ok: false; error: string } {
  return { ok: false, error };
}
