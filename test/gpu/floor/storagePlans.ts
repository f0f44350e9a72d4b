import type { Dtype } from '../../../src/attention/problem.ts';
import { rowLayout } from '../../../src/attention/storage.ts';
import type { LinkedModule, Plan, PlanBuffer } from '../../../src/plans/plan.ts';
import { linked, smallProblem } from './handPlans.ts';

/** A tensor of rows x width elements stored as `dtype`. */
export function stored(
  name: string,
  role: PlanBuffer['role'],
  dtype: Dtype,
  rows: number,
  width: number,
  fill: PlanBuffer['fill'],
): PlanBuffer {
  return { name, role, bytes: rows * rowLayout(dtype, width).bytes, elements: { dtype, width }, fill };
}

/**
 * c = a, word by word, one workgroup of one invocation for each word; `change` may alter `word` or return.
 * A table of a uniform vec4 is bound as well: its first element is `table.x`.
 */
export function copyWords(
  dtype: Dtype,
  rows: number,
  width: number,
  change = '',
): { plan: Plan; modules: LinkedModule[] } {
  const wgsl = `
struct Params { offset: vec3<u32>, unused: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<u32>;
@group(0) @binding(2) var<storage, read_write> c: array<u32>;
@group(0) @binding(3) var<uniform> table: vec4<u32>;

@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3<u32>) {
  let index = group.x + params.offset.x;
  var word = a[index] + table.x;
  ${change}
  c[index] = word;
}
`;
  const buffers = [
    stored('a', 'input', dtype, rows, width, { kind: 'normal', seed: smallProblem.seed, stream: 0 }),
    stored('c', 'output', dtype, rows, width, { kind: 'poison' }),
    stored('table', 'table', 'f32', 1, 4, { kind: 'words', words: [0, 7, 0, 0] }),
  ];
  const words = buffers[0]!.bytes / 4;
  const plan: Plan = {
    algorithm: 'copy',
    pass: 'forward',
    problem: { ...smallProblem, dtype },
    tiling: { br: 4, bc: 4, dc: 4, splits: 1, headsPerSlice: 1 },
    buffers,
    modules: [],
    prologue: [],
    dispatches: [
      {
        stage: 'copy',
        module: 'copy',
        entryPoint: 'main',
        grid: [words, 1, 1],
        bindings: buffers.map(({ name, bytes }, index) => ({
          binding: index + 1,
          buffer: name,
          offset: 0,
          size: bytes,
        })),
        params: [0, 0, 0, 0],
        groupOffsetWord: 0,
      },
    ],
    stages: ['copy'],
  };
  return { plan, modules: [linked('copy', wgsl)] };
}
