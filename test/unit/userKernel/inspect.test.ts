import { describe, expect, test } from 'vitest';
import { exampleManifest } from '../../../src/plans/userKernel/example.ts';
import { inspectKernel } from '../../../src/plans/userKernel/inspect.ts';
import { prepareKernel } from '../../../src/plans/userKernel/prepare.ts';
import { KernelProblem } from '../../../src/plans/userKernel/problem.ts';
import { parseKernelManifest } from '../../../src/profiler/kernelManifest.ts';

const declarations = `enable subgroups;
alias Row = vec4<f32>;
const count = 3u;
override width: u32;
@id(7) override height: u32 = 4;
struct Inner { @align(16) a: f32, @size(24) b: vec3f, c: mat3x2<f32>, d: array<vec2u, count> }
struct List { n: atomic<u32>, rows: array<Inner> }
@group(0) @binding(0) var<storage> rows: array<Row>;
@group(0) @binding(4) var<storage, read_write> list: List;
@group(2) @binding(1) var<uniform> inner: Inner;
@group(0) @binding(2) var<storage> unused: array<f32>;
@group(0) @binding(9) var picture: texture_2d<f32>;
var<workgroup> shared_sum: array<f32, 4>;
`;
const main = `@compute @workgroup_size(width, height) fn main() { list.rows[0].a = read(0); }
fn read(at: u32) -> f32 { return rows[at].x + inner.a; }
`;

function problemOf(work: () => unknown): KernelProblem {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(KernelProblem);
    return error as KernelProblem;
  }
  throw new Error('it was not refused');
}

describe('the interface of a kernel', () => {
  const found = inspectKernel(declarations + main, null, { width: 8 });

  test('is what the entry point uses, also in what it calls, by group and number', () => {
    expect(found.entryPoint).toBe('main');
    expect(
      found.bindings.map(({ group, binding, name, space, writable }) => [
        group,
        binding,
        name,
        space,
        writable,
      ]),
    ).toEqual([
      [0, 0, 'rows', 'storage', false],
      [0, 4, 'list', 'storage', true],
      [2, 1, 'inner', 'uniform', false],
    ]);
    expect(found.takenInGroup0.toSorted((a, b) => a - b)).toEqual([0, 2, 4, 9]);
  });

  test('has overrides, their ids, and the workgroup size that they make', () => {
    expect(found.workgroupSize).toEqual([8, 4, 1]);
    expect(inspectKernel(declarations + main, null).workgroupSize).toBeNull();
    expect(found.overrides).toEqual([
      { name: 'width', id: null, scalar: 'u32', hasDefault: false },
      { name: 'height', id: 7, scalar: 'u32', hasDefault: true },
    ]);
    expect(found.enables).toEqual([{ name: 'subgroups', line: 1 }]);
  });

  test('lays types out as WGSL says', () => {
    const [rows, list, inner] = found.bindings;
    expect(rows!.layout).toMatchObject({ align: 16, size: 0, runtime: { offset: 0, stride: 16 } });
    // a at 0; b at 16, 24 bytes; c at 40, three columns of 8; d at 64, three of 8: 88, rounded up to 96.
    expect(inner!.layout).toEqual({ align: 16, size: 96, runtime: null });
    expect(list!.layout).toMatchObject({ align: 16, runtime: { offset: 16, stride: 96 } });
    expect([rows!.scalar, list!.scalar]).toEqual(['f32', null]);
  });

  test.each([
    ['array<vec3<f32>, 2>', 32],
    ['array<vec3<f16>, 3>', 24],
    ['mat4x3<f32>', 64],
    ['mat2x4<f16>', 16],
    ['array<atomic<i32>, 5>', 20],
    ['array<array<vec2<f32>, 3>, 2>', 48],
    ['array<f16, 3>', 6],
  ])('%s takes %i bytes', (type, bytes) => {
    const wgsl = `@group(0) @binding(0) var<storage, read_write> x: ${type};
@compute @workgroup_size(1) fn main() { _ = &x; }`;
    expect(inspectKernel(wgsl, null).bindings[0]!.layout.size).toBe(bytes);
  });

  test('an example manifest has a word for everything that needs one, and is accepted', async () => {
    const text = exampleManifest(declarations + main);
    expect(text).toContain('"dispatch": [1, 1, 1]');
    const example = parseKernelManifest(text);
    expect(example.entryPoint).toBe('main');
    expect(Object.keys(example.bindings).sort()).toEqual(['inner', 'list', 'rows']);
    expect(example.constants).toEqual({ width: 1 });
    const { plan } = await prepareKernel('x.wgsl', declarations + main, example);
    expect(plan.buffers.map(({ name, bytes }) => [name, bytes])).toEqual([
      ['rows', 4096 * 16],
      ['list', 16 + 4096 * 96],
      ['inner', 96],
    ]);
  });
});

describe('a kernel that cannot be used is refused in one line, with its place', () => {
  test.each([
    ['text that does not parse', 'fn main() {\n  let = 1;\n}', /does not parse/, 2],
    ['no entry point', 'fn main() {}', /no @compute entry point/, null],
    [
      'a texture',
      `${declarations}@compute @workgroup_size(1) fn main() { _ = textureLoad(picture, vec2u(0), 0); }`,
      /picture on line 12.*only storage and uniform/,
      12,
    ],
    [
      'no group',
      '@binding(0) var<storage> x: array<f32>;\n@compute @workgroup_size(1) fn main() { _ = x[0]; }',
      /give it a @group/,
      1,
    ],
    [
      'a name that JavaScript knows',
      '@group(0) @binding(0) var<storage> constructor: array<f32>;\n@compute @workgroup_size(1) fn main() { _ = constructor[0]; }',
      /give it a name/,
      1,
    ],
    [
      'an unknown type',
      '@group(0) @binding(0) var<storage> x: array<f64>;\n@compute @workgroup_size(1) fn main() { _ = x[0]; }',
      /is not known/,
      1,
    ],
  ])('%s', (_, wgsl, message, line) => {
    const problem = problemOf(() => inspectKernel(wgsl, null));
    expect(problem.message).toMatch(message);
    expect(problem.message).not.toContain('\n');
    expect([problem.file, problem.line]).toEqual(['kernel', line]);
  });

  test('several entry points, or one that is not there', () => {
    const two = '@compute @workgroup_size(1) fn a() {}\n@compute @workgroup_size(1) fn b() {}';
    expect(problemOf(() => inspectKernel(two, null)).message).toMatch(/several entry points \(a, b\)/);
    expect(problemOf(() => inspectKernel(two, 'c')).message).toMatch(/is c, but the kernel has: a, b/);
    expect(inspectKernel(two, 'b').entryPoint).toBe('b');
  });

  test('what the rewrite cannot count', async () => {
    const wgsl = `@group(0) @binding(0) var<storage, read_write> o: array<f32>;
@compute @workgroup_size(1) fn main() {
  subgroupMatrixStore(&o, 0, m, false, 8);
}`;
    const refused = prepareKernel('x.wgsl', wgsl, { bindings: { o: { length: 4 } }, dispatch: [1, 1, 1] });
    await expect(refused).rejects.toMatchObject({ name: 'KernelProblem', file: 'kernel', line: 3 });
    await expect(refused).rejects.toThrow(/Cannot count subgroupMatrixStore/);
  });
});
