/** Kernels that reach for a device's limits; they belong to the harness, not to any algorithm. */

/** Reads and writes every vec4 once. Invocations walk the buffer in one stride, so that neighbours coalesce. */
export function copyKernel(workgroupSize: number): string {
  return `
@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> output: array<vec4<f32>>;

@compute @workgroup_size(${workgroupSize})
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let length = arrayLength(&input);
  let stride = groups.x * ${workgroupSize}u;
  for (var index = id.x; index < length; index += stride) {
    output[index] = input[index];
  }
}
`;
}

/** Floating point operations of one turn of the loop below: 4 chains of vec4, a multiplication and an addition. */
export const flopsPerTurn = 4 * 4 * 2;

/**
 * Independent chains of multiply-adds in registers, by `fma` or by `*` and `+`, which most compilers fuse
 * and some adapters run faster: the peak is the better of the two. The number of turns and the factors come from
 * memory, and the result goes to it, so that no compiler can leave anything out.
 */
export function fmaKernel(type: 'f32' | 'f16', fused: boolean, workgroupSize: number): string {
  const vector = `vec4<${type}>`;
  const step = (name: string) =>
    fused ? `${name} = fma(${name}, factor, addend);` : `${name} = ${name} * factor + addend;`;
  return `${type === 'f16' ? 'enable f16;' : ''}
struct Settings { turns: u32, factor: f32, addend: f32 }
@group(0) @binding(0) var<uniform> settings: Settings;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(${workgroupSize})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let factor = ${vector}(${type}(settings.factor));
  let addend = ${vector}(${type}(settings.addend));
  var a = ${vector}(${type}(id.x & 7u));
  var b = a + addend;
  var c = b + addend;
  var d = c + addend;
  for (var turn = 0u; turn < settings.turns; turn++) {
    ${step('a')}
    ${step('b')}
    ${step('c')}
    ${step('d')}
  }
  let sum = a + b + c + d;
  output[id.x] = f32(sum.x + sum.y + sum.z + sum.w);
}
`;
}
