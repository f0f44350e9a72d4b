import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prepareKernel } from '../../../src/plans/userKernel/prepare.ts';
import { KernelProblem } from '../../../src/plans/userKernel/problem.ts';
import { countKernel } from '../../../src/profiler/countKernel.ts';
import type { KernelCount } from '../../../src/profiler/kernelCount.ts';
import { parseKernelManifest } from '../../../src/profiler/kernelManifest.ts';
import { openInProcessHost } from '../../support/inProcessHost.ts';

let host: Awaited<ReturnType<typeof openInProcessHost>>;

beforeAll(async () => {
  host = await openInProcessHost();
});

afterAll(() => host?.dispose());

const prepare = (wgsl: string, manifest: unknown) =>
  prepareKernel('test.wgsl', wgsl, parseKernelManifest(JSON.stringify(manifest)));

async function count(wgsl: string, manifest: unknown): Promise<KernelCount> {
  const prepared = await prepare(wgsl, manifest);
  const request = {
    prepared,
    name: 'test.wgsl',
    adapter: 'auto',
    repeats: 2,
    timeBudgetSeconds: 30,
    files: null,
  };
  return countKernel(request, host);
}

/** The words that a kernel leaves, by buffer. */
async function wordsOf(wgsl: string, manifest: unknown): Promise<Record<string, number[]>> {
  const { plan, module } = await prepare(wgsl, manifest);
  const found: Record<string, number[]> = {};
  const { reason } = await host.session.measure(
    { plan, modules: [module], steps: { check: null, count: true, time: { samples: 2 } }, budgetMs: null },
    {
      onOutput: (name, values) => {
        found[name] = [...new Uint32Array(values.slice().buffer)];
      },
    },
  );
  expect(reason).toBeUndefined();
  return found;
}

const floatWords = (...values: number[]) => [...new Uint32Array(Float32Array.from(values).buffer)];

describe('a kernel of any form', () => {
  const grouped = `struct Scale { by: vec3<f32>, shift: i32 }
@group(3) @binding(5) var<uniform> scale: Scale;
@group(1) @binding(0) var<storage> input: array<vec2<f32>>;
@group(3) @binding(0) var<storage, read_write> result: array<f32>;
@compute @workgroup_size(4) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < arrayLength(&input)) { result[id.x] = input[id.x].y * scale.by.z + f32(scale.shift); }
}`;
  const manifest = {
    bindings: {
      '3.5': { values: { by: [1, 2, 3], shift: -4 } },
      input: { length: 7, init: { sequence: { start: 0, step: 0.5 } } },
      result: { length: 7 },
    },
    dispatch: 2,
  };

  test('binds buffers of several groups, none of them group 0, and fills them as it was told', async () => {
    expect((await wordsOf(grouped, manifest)).result).toEqual(
      floatWords(...Array.from({ length: 7 }, (_, row) => (2 * row + 1) * 0.5 * 3 - 4)),
    );
    const counted = await count(grouped, manifest);
    expect([counted.traffic!.loads, counted.traffic!.readBytes, counted.traffic!.stores]).toEqual([
      7n,
      28n,
      7n,
    ]);
  });

  test('finds the same in what it writes over, however often it has run', async () => {
    const wgsl = `@group(0) @binding(0) var<storage, read_write> x: array<u32>;
@compute @workgroup_size(8) fn main(@builtin(local_invocation_index) i: u32) {
  for (var n = x[i]; n > 0u; n--) { x[i] += 10u; }
}`;
    const bindings = { x: { length: 8, init: 'sequence' } };
    const counted = await count(wgsl, { bindings, dispatch: 1 });
    // Run after run on what the last one left it would take eleven times as long each time.
    expect([counted.status, counted.notes]).toEqual(['ok', []]);
    expect(counted.time!.samplesMs).toHaveLength(2);
    // 8 loads of n, and a load and a store for each of 0 + 1 + ... + 7 turns.
    expect([counted.traffic!.loads, counted.traffic!.stores]).toEqual([36n, 28n]);
    expect((await wordsOf(wgsl, { bindings, dispatch: 1 })).x).toEqual([0, 11, 22, 33, 44, 55, 66, 77]);
  });

  test('negative whole numbers and the halves of f16 are what they should be', async () => {
    const wgsl = `@group(0) @binding(0) var<storage> a: array<i32>;
@group(0) @binding(1) var<storage> h: array<u32>;
@group(0) @binding(2) var<storage, read_write> o: array<f32>;
@compute @workgroup_size(4) fn main(@builtin(local_invocation_index) i: u32) {
  o[i] = f32(a[i]) + unpack2x16float(h[i]).y;
}`;
    const bindings = {
      a: { length: 4, init: { sequence: { start: 5, step: -3 } } },
      h: { values: [0x3c000000, 0x40000000, 0xbc000000, 0] },
      o: { length: 4 },
    };
    expect((await wordsOf(wgsl, { bindings, dispatch: 1 })).o).toEqual(floatWords(6, 4, -2, -4));
  });

  test('without a single access it is timed, and its counts are zero', async () => {
    const counted = await count('@compute @workgroup_size(1) fn main() { }', { dispatch: 1 });
    expect([counted.status, counted.traffic!.loads, counted.lines]).toEqual(['ok', 0n, []]);
    expect(counted.time!.medianMs).toBeGreaterThanOrEqual(0);
  });

  test('NaN and infinity in what it writes are its own affair', async () => {
    const wgsl = `@group(0) @binding(0) var<storage, read_write> o: array<f32>;
@compute @workgroup_size(4) fn main(@builtin(local_invocation_index) i: u32) { o[i] = bitcast<f32>(0x7f800000u + i); }`;
    expect((await count(wgsl, { bindings: { o: { length: 4 } }, dispatch: 1 })).status).toBe('ok');
  });
});

describe('a kernel that the device refuses', () => {
  const refused = async (wgsl: string, manifest: unknown) => {
    const error = await count(wgsl, manifest).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(KernelProblem);
    return error as KernelProblem;
  };
  const head = '@group(0) @binding(0) var<storage, read_write> o: array<f32>;\n';
  const manifest = { bindings: { o: { length: 4 } }, dispatch: 1 };

  test('does not compile: the first error with its line and column', async () => {
    const problem = await refused(
      `${head}@compute @workgroup_size(1) fn main() {\n  o[0] = wat + huh;\n}`,
      manifest,
    );
    expect(problem.message).toMatch(/^It does not compile: .*wat/);
    expect([problem.file, problem.line, problem.column]).toEqual(['kernel', 3, 10]);
  });

  test('enables what the device does not have', async () => {
    const problem = await refused(
      `enable subgroups_of_tomorrow;\n${head}@compute @workgroup_size(1) fn main() { o[0] = 1; }`,
      manifest,
    );
    expect(problem.message).toMatch(/"enable subgroups_of_tomorrow" on line 1 is not supported/);
    if (host.session.description.features.includes('shader-f16')) return;
    const half = await refused(
      `${head}enable f16;\n@compute @workgroup_size(1) fn main() { o[0] = 1; }`.replace(
        /^(.*\n)(enable f16;\n)/,
        '$2$1',
      ),
      manifest,
    );
    expect(half.message).toMatch(
      /"enable f16" on line 1 needs the device feature shader-f16, which .* does not have/,
    );
  });

  test('asks for more workgroups or bytes than there can be', async () => {
    const wgsl = `${head}@compute @workgroup_size(1) fn main() { o[0] = 1; }`;
    expect((await refused(wgsl, { ...manifest, dispatch: 70_000 })).message).toMatch(
      /70000 workgroups, but .* allows 65535/,
    );
    const huge = { ...manifest, bindings: { o: { length: 2 ** 40 } } };
    expect((await refused(wgsl, huge)).message).toMatch(
      /o has 4398046511104 bytes; a storage buffer of .* has at most/,
    );
  });

  test('has no room for the counters', async () => {
    const limit = host.session.description.limits.maxStorageBuffersPerShaderStage;
    const names = Array.from({ length: limit }, (_, index) => `b${index}`);
    const wgsl = `${names.map((name, at) => `@group(0) @binding(${at}) var<storage, read_write> ${name}: array<u32>;`).join('\n')}
@compute @workgroup_size(1) fn main() { ${names.map((name) => `${name}[0] = 1;`).join(' ')} }`;
    const bindings = Object.fromEntries(names.map((name) => [name, { length: 1 }]));
    const problem = await refused(wgsl, { bindings, dispatch: 1 });
    expect(problem.message).toMatch(/storage buffers, and counting needs one more/);
  });
});
