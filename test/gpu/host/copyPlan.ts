import { createHash } from 'node:crypto';
import { noOptions } from '../../../src/attention/problem.ts';
import type { MeasureRequest } from '../../../src/gpu/measurement.ts';

const kernels = {
  /** Copies v to o. */
  copy: 'o[index] = v[index];',
  /** Never ends: the bound is one that the counter does not meet. WGSL asks for a way out of each loop. */
  endless: 'loop { o[index] += v[index]; if (params.count == 0u) { break; } }',
};

/**
 * A plan that is no attention but has its form: one dispatch, 64 elements to a workgroup, f32. It shows what
 * the host does with a kernel that works, that never ends, or (by its name, in a fixture) that crashes.
 */
export function copyRequest(
  options: {
    kernel?: keyof typeof kernels;
    algorithm?: string;
    elements?: number;
    /** Timed samples; null takes none. */
    samples?: number | null;
  } = {},
): MeasureRequest {
  const { kernel = 'copy', algorithm = kernel, elements: count = 4096, samples = 1 } = options;
  const elements = { dtype: 'f32', width: 64 } as const;
  const wgsl = `
    struct Params { groupOffset: vec3<u32>, count: u32 }
    @group(0) @binding(0) var<uniform> params: Params;
    @group(0) @binding(1) var<storage, read> v: array<f32>;
    @group(0) @binding(2) var<storage, read_write> o: array<f32>;
    @compute @workgroup_size(64)
    fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
      let index = (group.x + params.groupOffset.x) * 64u + lane;
      if (index < params.count) { ${kernels[kernel]} }
    }`;
  const bytes = count * 4;
  return {
    plan: {
      algorithm,
      pass: 'forward',
      problem: {
        batch: 1,
        heads: 1,
        kvHeads: 1,
        seqLenQ: count / 64,
        seqLenKv: count / 64,
        headDim: 64,
        headDimV: 64,
        ...noOptions,
        dtype: 'f32',
        seed: 1,
      },
      tiling: { br: 64, bc: 64, dc: 64, splits: 1, headsPerSlice: 1 },
      buffers: [
        { name: 'v', role: 'input', bytes, elements, fill: { kind: 'normal', seed: 1, stream: 3 } },
        { name: 'o', role: 'output', bytes, elements, fill: { kind: 'poison' } },
      ],
      modules: [
        {
          id: 'main',
          source: 'copy',
          conditions: {},
          constants: {},
          tensors: [{ name: 'v', binding: 1, access: 'read', dtype: 'f32', width: 64 }],
        },
      ],
      prologue: [],
      dispatches: [
        {
          stage: 'copy',
          module: 'main',
          entryPoint: 'main',
          grid: [count / 64, 1, 1],
          bindings: [
            { binding: 1, buffer: 'v', offset: 0, size: bytes },
            { binding: 2, buffer: 'o', offset: 0, size: bytes },
          ],
          params: [0, 0, 0, count],
          groupOffsetWord: 0,
        },
      ],
      stages: ['copy'],
    },
    modules: [
      {
        id: 'main',
        wgsl,
        counting: { wgsl, sites: [], counterBinding: 3 },
        hash: createHash('sha256').update(wgsl).digest('hex'),
      },
    ],
    steps: { check: null, count: false, time: samples === null ? null : { samples } },
    budgetMs: null,
  };
}
