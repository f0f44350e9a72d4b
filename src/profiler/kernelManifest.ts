import * as v from 'valibot';
import type { KernelManifest, ManifestInit, ManifestValue } from '../plans/userKernel/manifest.ts';
import { KernelProblem } from '../plans/userKernel/problem.ts';

/** Ending of manifests: `matmul.wgslprof.json` beside `matmul.wgsl`. */
export const manifestEnding = '.wgslprof.json';

/** Where the manifest of a kernel is looked for: the same path, `.wgsl` replaced. */
export function manifestPathOf(kernelPath: string): string {
  return kernelPath.replace(/\.wgsl$/i, '') + manifestEnding;
}

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const finite = v.pipe(v.number(), v.finite());
const text = v.pipe(v.string(), v.minLength(1), v.maxLength(200));

const init = v.pipe(
  v.union(
    [
      v.picklist(['zeros', 'normal', 'sequence']),
      v.strictObject({ normal: v.strictObject({ seed: whole }) }),
      v.strictObject({
        sequence: v.strictObject({ start: v.optional(finite, 0), step: v.optional(finite, 1) }),
      }),
      v.strictObject({ value: finite }),
      v.strictObject({ file: v.pipe(v.string(), v.regex(/^[^/\\][^\\]*\.npy$/i), v.maxLength(1000)) }),
    ],
    'give "zeros", "normal", "sequence", { "normal": { "seed": 1 } }, { "sequence": { "start": 0, "step": 1 } }, ' +
      '{ "value": 1 } or { "file": "NAME.npy" }',
  ),
  v.description('What the buffer holds before the kernel runs.'),
);

/** Values nest as deep as WGSL types do; a deeper one is a mistake, and would only exhaust the stack. */
const maxDepth = 16;

const values = v.pipe(
  v.custom<ManifestValue>((value) => isValue(value, maxDepth), 'give numbers, lists and objects of numbers'),
  v.description('Every element: a number, a list for a vector, matrix or array, an object for a struct.'),
);

const binding = v.strictObject({
  name: v.optional(v.pipe(text, v.description("The variable's name; only checked against the kernel."))),
  type: v.optional(v.pipe(text, v.description('The type of an element; only checked against the kernel.'))),
  length: v.optional(v.pipe(positive, v.description('Elements of an array of no fixed length.'))),
  bytes: v.optional(v.pipe(positive, v.description('Size of the buffer, in place of its length.'))),
  init: v.optional(init),
  values: v.optional(values),
});

const workgroups = v.pipe(positive, v.maxValue(2 ** 32 - 1));

/** A manifest as it is written. */
export const kernelManifestSchema = v.strictObject({
  $schema: v.optional(v.string()),
  entryPoint: v.optional(
    v.pipe(text, v.description('The @compute function that is run; needed where there are several.')),
  ),
  bindings: v.optional(
    v.pipe(
      v.record(text, binding),
      v.description(
        'Buffers by the variable\'s name, by its number in group 0 ("2"), or by group and number ("1.2").',
      ),
    ),
    {},
  ),
  constants: v.optional(
    v.pipe(v.record(text, v.union([finite, v.boolean()])), v.description('Values of overrides, by name.')),
  ),
  dispatch: v.pipe(
    v.union(
      [
        workgroups,
        v.strictTuple([workgroups]),
        v.strictTuple([workgroups, workgroups]),
        v.strictTuple([workgroups, workgroups, workgroups]),
      ],
      'give workgroups as [x, y, z], whole numbers from 1',
    ),
    v.description('Workgroups in x, y and z.'),
  ),
  repeats: v.optional(v.pipe(positive, v.maxValue(1000), v.description('Timed samples.'))),
});

/** Longer manifests belong in .npy files. Characters. */
const maxLength = 8_000_000;

/** Reads the JSON text of a manifest. Throws KernelProblem with one line that says where it is wrong. */
export function parseKernelManifest(json: string): KernelManifest {
  if (json.length > maxLength)
    throw problem(`it has ${json.length} characters; at most ${maxLength} are read`);
  let value: unknown;
  try {
    value = JSON.parse(json.replace(/^\ufeff/, ''));
  } catch (error) {
    throw problem(`it is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const parsed = v.safeParse(kernelManifestSchema, value, { abortEarly: true });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const path = v.getDotPath(issue);
    throw problem(path ? `"${path}": ${issue.message}` : issue.message);
  }
  const { $schema: _, bindings, dispatch, ...rest } = parsed.output;
  const sizes = typeof dispatch === 'number' ? [dispatch] : dispatch;
  return {
    ...definedOf(rest),
    bindings: Object.fromEntries(
      Object.entries(bindings).map(([key, { init: given, ...entry }]) => [
        key,
        { ...definedOf(entry), ...(given === undefined ? {} : { init: initOf(given) }) },
      ]),
    ),
    dispatch: [sizes[0] ?? 1, sizes[1] ?? 1, sizes[2] ?? 1],
  };
}

function initOf(given: v.InferOutput<typeof init>): ManifestInit {
  if (given === 'zeros') return { kind: 'zeros' };
  if (given === 'normal') return { kind: 'normal', seed: 0 };
  if (given === 'sequence') return { kind: 'sequence', start: 0, step: 1 };
  if ('normal' in given) return { kind: 'normal', ...given.normal };
  if ('sequence' in given) return { kind: 'sequence', ...given.sequence };
  if ('value' in given) return { kind: 'value', ...given };
  return { kind: 'file', ...given };
}

function isValue(value: unknown, depth: number): value is ManifestValue {
  if (typeof value === 'number' || typeof value === 'boolean') return true;
  if (typeof value !== 'object' || value === null || depth === 0) return false;
  return Object.values(value).every((each) => isValue(each, depth - 1));
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> } & {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K];
};

function definedOf<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Defined<T>;
}

function problem(what: string): KernelProblem {
  return new KernelProblem('manifest', `The manifest cannot be used: ${what.replace(/\s+/g, ' ')}.`);
}
