import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { instrument } from '../../src/plans/counting/instrument.ts';
import { TestDevice } from './counting/device.ts';

/**
 * Kernels that the embedded adapter lacks features for. Dawn's null backend runs nothing, but validates and
 * compiles as the real ones do.
 */
let gpu: TestDevice;
beforeAll(async () => {
  gpu = await TestDevice.open(['backend=null'], ['shader-f16', 'subgroups']);
});
afterAll(() => gpu?.close());

const kernels: Record<string, { wgsl: string; bytes: number[] }> = {
  'f16, with directives': {
    wgsl: `enable f16;
requires pointer_composite_access, unrestricted_pointer_parameters;
diagnostic(off, subgroup_uniformity);
struct Half { pair: vec2<f16>, m: mat2x3h, n: array<f16, 3> }
@group(0) @binding(0) var<storage, read_write> H: array<Half>;
@compute @workgroup_size(8) fn main(@builtin(local_invocation_index) i: u32) {
  H[i].pair *= 2.0h;
  H[i].pair.y += H[i].n[1];
  let m = H[i].m * f16(3);
  for (H[i].n[0] = 1; H[i].n[0] < 4; H[i].n[0] += 1) { }
  H[i + 8] = H[i];
}
`,
    bytes: [4, 4, 2, 2, 2, 12, 2, 2, 2, 2, 22, 22],
  },
  'subgroups in uniform flow': {
    wgsl: `enable subgroups;
@group(0) @binding(0) var<storage, read> Q: array<vec4f>;
@group(1) @binding(7) var<storage, read_write> O: array<vec4f>;
@compute @workgroup_size(32) fn main(@builtin(local_invocation_index) i: u32, @builtin(subgroup_size) size: u32) {
  var sum = subgroupAdd(Q[i]);
  if (Q[0].x > 0) { sum += subgroupBroadcast(Q[i + 32], 0); }
  O[i / size] = sum;
}
`,
    bytes: [16, 4, 16, 16],
  },
  'a workgroup tile that leaves no room': {
    wgsl: `@group(0) @binding(0) var<storage, read_write> O: array<f32>;
var<workgroup> tile: array<f32, 4096>;
@compute @workgroup_size(64) fn main(@builtin(local_invocation_index) i: u32) {
  tile[i] = O[i]; workgroupBarrier(); O[i] = tile[i ^ 1u];
}
`,
    bytes: [4, 4],
  },
  'stores to several components at once, and index bounds from a load': {
    wgsl: `requires swizzle_assignment;
@group(0) @binding(0) var<storage, read_write> O: array<vec4f>;
@compute @workgroup_size(64) fn main(@builtin(local_invocation_index) i: u32) {
  O[i].xz = vec2(1, 2); O[i].wyx += O[i].xxx;
}
`,
    bytes: [8, 12, 12, 12],
  },
  'attributes on statements, and a filter on the entry point': {
    wgsl: `@group(0) @binding(0) var<storage, read_write> O: array<f32>;
@group(0) @binding(1) var image: texture_2d<f32>;
@group(0) @binding(2) var nearest: sampler;
@compute @workgroup_size(4) @diagnostic(off, derivative_uniformity) fn main(@builtin(local_invocation_index) i: u32) {
  @diagnostic(off, derivative_uniformity) for (O[i] = 0; O[i] < 3; O[i] += 1) { }
  @diagnostic(off, derivative_uniformity) if O[i] > 0 { O[i] = textureLoad(image, vec2(0), 0).x; }
  @diagnostic(off, derivative_uniformity) { O[i] = textureSampleLevel(image, nearest, vec2f(O[i]), 0).y; }
}
`,
    bytes: Array(8).fill(4),
  },
  'no storage buffer at all': {
    wgsl: `@group(0) @binding(0) var image: texture_storage_2d<r32float, write>;
@compute @workgroup_size(4) fn main(@builtin(local_invocation_index) i: u32) { textureStore(image, vec2(i, 0), vec4f(1)); }
`,
    bytes: [],
  },
};

describe('the counting build compiles', () => {
  test.each(Object.entries(kernels))('%s', async (_, { wgsl, bytes }) => {
    await gpu.compile(wgsl, 'main');
    const counting = instrument(wgsl, { entryPoint: 'main' });
    await gpu.compile(counting.wgsl, 'main');
    expect(counting.sites.map((site) => site.bytesPerAccess).sort()).toEqual([...bytes].sort());
  });

  test('only for the entry point that was asked for', async () => {
    const wgsl = `@group(0) @binding(0) var<storage, read_write> O: array<f32>;
fn shared_by_both(i: u32) { O[i] += 1; }
@compute @workgroup_size(1) fn first() { shared_by_both(0); }
@compute @workgroup_size(1) fn second() { shared_by_both(1); O[2] = 1; }
`;
    const counting = instrument(wgsl, { entryPoint: 'second' });
    await gpu.compile(counting.wgsl, 'second');
    await expect(gpu.compile(counting.wgsl, 'first')).rejects.toThrow(/first/);
    expect(counting.sites.map((site) => site.line)).toEqual([2, 2, 4]);
  });
});
