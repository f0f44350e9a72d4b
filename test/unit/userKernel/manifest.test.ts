import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { manifestJsonSchema, manifestSchemaFile } from '../../../scripts/kernelManifestSchema.ts';
import { prepareKernel } from '../../../src/plans/userKernel/prepare.ts';
import { KernelProblem } from '../../../src/plans/userKernel/problem.ts';
import { manifestPathOf, parseKernelManifest } from '../../../src/profiler/kernelManifest.ts';

const wgsl = `override factor: f32;
@id(3) override flag: bool = false;
struct Shape { size: vec2<u32>, scale: f32, shift: i32 }
@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage> q: array<vec4<f32>>;
@group(1) @binding(0) var<storage, read_write> o: array<f32>;
@group(0) @binding(3) var<storage, read_write> ids: array<atomic<i32>>;
@group(0) @binding(7) var<storage> mixed: array<Shape>;
@compute @workgroup_size(8) fn main() {
  o[0] = q[0].x * factor + f32(shape.shift + mixed[0].shift); atomicAdd(&ids[0], select(0, 1, flag));
}
`;

const right = {
  bindings: {
    shape: { values: { size: [3, 4], scale: 0.5, shift: -2 } },
    q: { length: 6 },
    o: { length: 5, init: { value: 2 } },
    ids: { length: 3, init: { sequence: { start: -1, step: 2 } } },
    mixed: { bytes: 32 },
  },
  constants: { factor: 1.5, flag: true },
  dispatch: [2, 3],
};

type Right = typeof right;

function prepare(manifest: unknown) {
  return (async () => prepareKernel('test.wgsl', wgsl, parseKernelManifest(JSON.stringify(manifest))))();
}

describe('a manifest and its kernel', () => {
  test('become one dispatch that is never cut, every buffer bound in its group', async () => {
    const { plan, module } = await prepare(right);
    const [dispatch] = plan.dispatches;
    expect([dispatch!.grid, dispatch!.params, plan.dispatches.length]).toEqual([[2, 3, 1], [], 1]);
    expect(
      dispatch!.bindings.map(({ group, binding, buffer, size }) => [group, binding, buffer, size]),
    ).toEqual([
      [0, 0, 'shape', 16],
      [0, 1, 'q', 96],
      [0, 3, 'ids', 12],
      [0, 7, 'mixed', 32],
      [1, 0, 'o', 20],
    ]);
    expect(module.counting.counterBinding).toBe(2);
    // WebGPU knows flag by its id.
    expect(module.constants).toEqual({ factor: 1.5, 3: 1 });
  });

  test('say what each buffer holds; what is left open is random where it is read, zero where it is written', async () => {
    const { plan } = await prepare(right);
    const fills = Object.fromEntries(plan.buffers.map(({ name, role, fill }) => [name, [role, fill]]));
    const words = new Uint32Array([3, 4, 0, 0]);
    new DataView(words.buffer).setFloat32(8, 0.5, true);
    new DataView(words.buffer).setInt32(12, -2, true);
    expect(fills).toEqual({
      shape: ['table', { kind: 'words', words: [...words] }],
      q: ['input', { kind: 'normal', seed: 0, stream: 1 }],
      ids: ['output', { kind: 'sequence', type: 'i32', start: -1, step: 2 }],
      mixed: ['input', { kind: 'zero' }],
      o: ['output', { kind: 'sequence', type: 'f32', start: 2, step: 0 }],
    });
  });

  test('bindings may be called by number, and said again where it is the same', async () => {
    const { q, o, ...others } = right.bindings;
    const bindings = {
      ...others,
      1: { ...q, name: 'q', type: 'vec4f' },
      '1.0': { ...o, type: 'array< f32 >' },
    };
    expect((await prepare({ ...right, bindings })).plan).toEqual((await prepare(right)).plan);
  });

  test('other constants are another kernel', async () => {
    const other = await prepare({ ...right, constants: { factor: 2 } });
    expect(other.module.hash).not.toBe((await prepare(right)).module.hash);
  });

  test('.npy files are asked for, never read here', async () => {
    const manifest = structuredClone(right) as { bindings: Record<string, unknown> };
    manifest.bindings.q = { length: 6, init: { file: 'data/q.npy' } };
    expect((await prepare(manifest)).files).toEqual([{ buffer: 'q', file: 'data/q.npy', bytes: 96 }]);
  });
});

type Change = (manifest: Right & Record<string, unknown>) => void;
const bindings = (manifest: Right) => manifest.bindings as unknown as Record<string, Record<string, unknown>>;

const contradictions: [string, Change, RegExp][] = [
  [
    'a binding that is not there',
    (m) => (bindings(m).k = {}),
    /"k", but the kernel's bindings are: 0 shape, 1 q/,
  ],
  ['a binding twice', (m) => (bindings(m)['1'] = { length: 6 }), /q twice/],
  ['another name', (m) => (bindings(m).q!.name = 'k'), /called q in the kernel, k in the manifest/],
  [
    'another type',
    (m) => (bindings(m).q!.type = 'vec2<f32>'),
    /made of vec4<f32> in the kernel, of vec2<f32>/,
  ],
  ['no length', (m) => delete bindings(m).q!.length, /q: give its "length", in elements of vec4<f32>/],
  [
    'bytes that are no elements',
    (m) => (bindings(m).q = { bytes: 100 }),
    /multiple of 16 bytes, which 100 is not/,
  ],
  [
    'bytes and length that differ',
    (m) => (bindings(m).q!.bytes = 80),
    /6 elements take 96 bytes, not the 80/,
  ],
  ['a length of what has none', (m) => (bindings(m).shape!.length = 2), /length of 1, not the 2/],
  [
    'a uniform without values',
    (m) => delete bindings(m).shape,
    /shape is a uniform of type Shape: give its "values"/,
  ],
  [
    'a value too few',
    (m) => (valuesOfShape(m).size = [3]),
    /shape\.size is vec2<u32>: give a list of 2, not a list of 1/,
  ],
  [
    'a member too few',
    (m) => delete (valuesOfShape(m) as { scale?: number }).scale,
    /lacks scale: struct Shape has size, scale, shift/,
  ],
  ['a member too many', (m) => (valuesOfShape(m).extra = 1), /has "extra"/],
  [
    'a fraction of a u32',
    (m) => (valuesOfShape(m).size = [3, 0.5]),
    /shape\.size\[1\] is u32: 0\.5 is no whole number/,
  ],
  ['text for a number', (m) => (valuesOfShape(m).scale = 'x'), /numbers, lists and objects/],
  ['init and values', (m) => (bindings(m).o = { init: 'zeros', values: [1] }), /"init" and "values"/],
  [
    'random integers',
    (m) => (bindings(m).ids!.init = 'normal'),
    /ids is made of i32: "normal" is for f32 and f16/,
  ],
  ['a sequence of structs', (m) => (bindings(m).mixed!.init = 'sequence'), /of several types/],
  ['half an integer', (m) => (bindings(m).ids!.init = { value: 0.5 }), /0\.5 is no whole number/],
  [
    'a constant that is not there',
    (m) => Object.assign(m.constants, { g: 1 }),
    /"g", but the kernel's overrides are: factor, flag/,
  ],
  [
    'a constant that is missing',
    (m) => delete (m.constants as { factor?: number }).factor,
    /override factor has no default/,
  ],
  ['another entry point', (m) => (m.entryPoint = 'other'), /but the kernel has: main/],
  ['no dispatch', (m) => delete (m as { dispatch?: unknown }).dispatch, /"dispatch"/],
  ['an empty dispatch', (m) => (m.dispatch = [2, 0]), /"dispatch": give workgroups as/],
  ['a dispatch of four', (m) => (m.dispatch = [1, 1, 1, 1]), /"dispatch": give workgroups as/],
  ['a field of no meaning', (m) => (m.surprise = 1), /"surprise"/],
  ['an init of no meaning', (m) => (bindings(m).q!.init = 'ones'), /give "zeros", "normal"/],
  ['a file that is no array', (m) => (bindings(m).q!.init = { file: 'q.bin' }), /give "zeros"/],
  ['an absolute file', (m) => (bindings(m).q!.init = { file: '/q.npy' }), /give "zeros"/],
];

function valuesOfShape(manifest: Right): Record<string, unknown> {
  return manifest.bindings.shape.values as unknown as Record<string, unknown>;
}

describe('contradictions', () => {
  test.each(contradictions)('%s', async (_, change, message) => {
    const manifest = structuredClone(right) as Right & Record<string, unknown>;
    change(manifest);
    const error = await prepare(manifest).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(KernelProblem);
    const problem = error as KernelProblem;
    expect(problem.file).toBe('manifest');
    expect(problem.message).toMatch(message);
    expect(problem.message).not.toContain('\n');
  });

  test.each(['', 'null', '[]', '{', '{"bindings":{},"dispatch":1e400}'])('%j is no manifest', (text) => {
    expect(() => parseKernelManifest(text)).toThrow(KernelProblem);
  });
});

describe('anything else', () => {
  /** A kernel or manifest with pieces cut out, doubled or swapped is wrong in a way that is said, and at once. */
  const damaged = (text: string) =>
    fc
      .array(
        fc.tuple(
          fc.nat(text.length),
          fc.nat(20),
          fc.constantFrom('', '(', '}', ';', '<', '@', '"', '0', '-', ' ', 'é', '\n'),
        ),
        {
          minLength: 1,
          maxLength: 4,
        },
      )
      .map((cuts) =>
        cuts.reduce((all, [at, length, put]) => all.slice(0, at) + put + all.slice(at + length), text),
      );

  async function outcome(kernel: string, manifest: string): Promise<unknown> {
    try {
      await prepareKernel('fuzz.wgsl', kernel, parseKernelManifest(manifest));
      return null;
    } catch (error) {
      return error;
    }
  }

  test('a damaged kernel or manifest throws nothing but a problem', async () => {
    await fc.assert(
      fc.asyncProperty(
        damaged(wgsl),
        damaged(JSON.stringify(right)),
        fc.constantFrom(0, 1, 2),
        async (kernel, manifest, which) => {
          const error = await outcome(
            which === 0 ? wgsl : kernel,
            which === 1 ? JSON.stringify(right) : manifest,
          );
          if (error !== null) expect(error).toBeInstanceOf(KernelProblem);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('JSON of any form throws nothing but a problem', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        try {
          parseKernelManifest(json);
        } catch (error) {
          expect(error).toBeInstanceOf(KernelProblem);
        }
      }),
    );
  });

  test('brackets without end are refused, not walked into', async () => {
    const deep = `@compute @workgroup_size(1) fn main() { let x = ${'('.repeat(20_000)}1${')'.repeat(20_000)}; }`;
    const error = await outcome(deep, '{"dispatch":1}');
    if (error !== null) expect(error).toBeInstanceOf(KernelProblem);
    const nested = `{"dispatch":1,"bindings":{"x":{"values":${'['.repeat(5000)}${']'.repeat(5000)}}}}`;
    expect(() => parseKernelManifest(nested)).toThrow(KernelProblem);
  });
});

test('the JSON Schema in the package is the one of the code', () => {
  // Where this fails: node scripts/kernelManifestSchema.ts writes it anew.
  expect(JSON.parse(readFileSync(manifestSchemaFile, 'utf8'))).toEqual(manifestJsonSchema());
});

test('a manifest lies beside its kernel', () => {
  expect(manifestPathOf('/a/b.wgsl')).toBe('/a/b.wgslprof.json');
  expect(manifestPathOf('c.WGSL')).toBe('c.wgslprof.json');
});
