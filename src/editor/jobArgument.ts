import * as v from 'valibot';
import { catalogue, findAlgorithm } from '../attention/catalogue.ts';
import { causalAlignments, type Dtype, dtypes, type Pass, passes } from '../attention/problem.ts';
import { checkShape, parseShape, type Result, type Shape } from '../attention/shape.ts';
import type { DocumentRun, ProfileDocument } from '../profiler/document/schema.ts';
import type { ProfileJob } from '../profiler/job.ts';
import type { Settings } from './contributions.ts';

/**
 * What `attention.profile` takes: a shape, and whatever of a job is not to come from the settings.
 *
 * ```json
 * { "shape": "8,16,4096,64", "causal": "top-left", "algorithms": ["flash2"], "adapter": "embedded" }
 * ```
 */
export interface JobArgument extends Partial<Omit<ProfileJob, 'problem'>> {
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

const argument = v.strictObject({
  shape: v.union([v.pipe(v.string(), v.maxLength(200)), sizes]),
  dtype: v.optional(v.picklist(dtypes), 'f32'),
  causal: v.optional(v.union([v.literal(false), v.picklist(causalAlignments)]), false),
  seed: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(2 ** 32 - 1)), 0),
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
    ...rest
  } = parsed.output;
  const shape = typeof given === 'string' ? parseShape(given) : checkShape(withDefaults(given));
  if (!shape.ok) return fail(shape.error);
  const ids = [...new Set(algorithms ?? settings.algorithms)];
  for (const id of ids) {
    const obstacle = obstacleTo(id, dtype, rest.passes);
    if (obstacle) return fail(obstacle);
  }
  const budget = timeBudgetSeconds === undefined ? settings.timeBudgetSeconds || null : timeBudgetSeconds;
  return {
    ok: true,
    value: {
      problem: { ...shape.value, dtype, causal, seed },
      algorithms: ids,
      adapter: adapter ?? settings.adapter,
      repeats: repeats ?? settings.repeats,
      timeBudgetSeconds: budget,
      ...rest,
    },
  };
}

/** The job that made a document, as far as a document knows it; null where it holds no run. */
export function jobOfDocument(document: ProfileDocument, settings: Settings): ProfileJob | null {
  const problem = document.problems[0];
  if (!problem || document.runs.length === 0) return null;
  const { batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV, dtype, causal, seed } = problem;
  const distinct = <T>(of: (run: DocumentRun) => T) => [...new Set(document.runs.map(of))];
  const job = parseJob(
    {
      shape: { batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV },
      dtype,
      causal,
      seed,
      algorithms: distinct((run) => run.algorithm),
      passes: distinct((run) => run.pass),
    },
    settings,
  );
  return job.ok ? job.value : null;
}

/** Why an algorithm cannot run as asked, or null. */
function obstacleTo(id: string, dtype: Dtype, wanted: readonly Pass[]): string | null {
  const row = findAlgorithm(id);
  if (!row) {
    const known = catalogue.map((each) => each.id).join(', ');
    return `there is no algorithm ${JSON.stringify(id)}; the algorithms are ${known}`;
  }
  if (!row.dtypes.includes(dtype))
    return `${id} does not run in ${dtype}; it runs in ${row.dtypes.join(', ')}`;
  if (!row.passes.some((pass) => wanted.includes(pass))) {
    return `${id} has no ${wanted.join(' or ')} pass; it has ${row.passes.join(', ')}`;
  }
  return null;
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
