import { rowLayout } from '../attention/storage.ts';
import type { ModuleTensor } from './plan.ts';

/**
 * WESL text of the virtual module `tensors`: for every tensor of a kernel its binding, and accessors by
 * row (within the binding) and vec4 column:
 *
 *   load_<name>(row: u32, column4: u32) -> vec4<f32>     columns past the width are zero
 *   store_<name>(row: u32, column4: u32, x: vec4<f32>)   columns past the width are not written
 *
 * Storage is as `rowLayout` says; 16-bit elements are converted here, so kernels compute in f32 alone.
 * With `nativeF16` rows of whole vec4s are arrays of `vec4<f16>`; all else is packed in 32-bit words. An
 * odd 16-bit row ends in a padding half, which is written with the column after the last one: kernels
 * hand in zero there. Bases are `params.bases`, in the order of `tensors`.
 */
export function accessorModule(tensors: readonly ModuleTensor[], { nativeF16 = false } = {}): string {
  const parts = tensors.map((each, index) => {
    const tensor: StoredTensor = {
      ...each,
      native: nativeF16 && each.dtype === 'f16' && each.width % 4 === 0,
    };
    const wants = [
      ...(tensor.access === 'write' ? [] : [loader(tensor, index)]),
      ...(tensor.access === 'read' ? [] : [storer(tensor, index)]),
    ];
    return [binding(tensor), ...wants].join('\n');
  });
  return ['import package::common::problem::params;', ...parts, conversions].join('\n\n');
}

/** A tensor, and whether it is an array of WGSL's own f16 vectors: the bytes and the accesses are the same. */
type StoredTensor = ModuleTensor & { native: boolean };

function binding(tensor: StoredTensor): string {
  const mode = tensor.access === 'read' ? 'read' : 'read_write';
  return `@group(0) @binding(${tensor.binding}) var<storage, ${mode}> ${tensor.name}: array<${elementType(tensor)}>;`;
}

function elementType({ dtype, width, native }: StoredTensor): string {
  if (native) return 'vec4<f16>';
  if (width % 4 === 0) return dtype === 'f32' ? 'vec4<f32>' : 'vec2<u32>';
  return dtype === 'f32' ? 'f32' : 'u32';
}

/** Index of the first element of a row, as WGSL. */
function rowStart({ dtype, width }: StoredTensor, index: number): string {
  const base = `params.bases[${index >> 2}].${'xyzw'[index & 3]}`;
  return `${base} + row * ${rowLayout(dtype, width).accesses}u`;
}

function loader(tensor: StoredTensor, index: number): string {
  const { dtype, width, native, name } = tensor;
  const head = `fn load_${tensor.name}(row: u32, column4: u32) -> vec4<f32> {`;
  const first = rowStart(tensor, index);
  if (width % 4 === 0) {
    const element = `${name}[${first} + column4]`;
    const value = dtype === 'f32' ? element : native ? `vec4<f32>(${element})` : `from_${dtype}(${element})`;
    return `${head}\n  return ${value};\n}`;
  }
  if (dtype === 'f32') {
    return `${head}
  let first = ${first} + column4 * 4u;
  let left = ${width}u - column4 * 4u;
  var x = vec4<f32>(${name}[first], 0.0, 0.0, 0.0);
  if (left > 1u) { x.y = ${name}[first + 1u]; }
  if (left > 2u) { x.z = ${name}[first + 2u]; }
  if (left > 3u) { x.w = ${name}[first + 3u]; }
  return x;
}`;
  }
  return `${head}
  let first = ${first} + column4 * 2u;
  var x = vec2<u32>(${name}[first], 0u);
  if (${width}u - column4 * 4u > 2u) { x.y = ${name}[first + 1u]; }
  return from_${dtype}(x);
}`;
}

function storer(tensor: StoredTensor, index: number): string {
  const { dtype, width, native, name } = tensor;
  const head = `fn store_${name}(row: u32, column4: u32, x: vec4<f32>) {`;
  const first = rowStart(tensor, index);
  if (width % 4 === 0) {
    const value = dtype === 'f32' ? 'x' : native ? 'vec4<f16>(x)' : `to_${dtype}(x)`;
    return `${head}\n  ${name}[${first} + column4] = ${value};\n}`;
  }
  if (dtype === 'f32') {
    return `${head}
  let first = ${first} + column4 * 4u;
  let left = ${width}u - column4 * 4u;
  ${name}[first] = x.x;
  if (left > 1u) { ${name}[first + 1u] = x.y; }
  if (left > 2u) { ${name}[first + 2u] = x.z; }
  if (left > 3u) { ${name}[first + 3u] = x.w; }
}`;
  }
  return `${head}
  let first = ${first} + column4 * 2u;
  let words = to_${dtype}(x);
  ${name}[first] = words.x;
  if (${width}u - column4 * 4u > 2u) { ${name}[first + 1u] = words.y; }
}`;
}

/** Storage types of 16 bits in 32-bit words, low half first. bf16 is rounded to nearest, ties to even. */
const conversions = `fn from_f16(words: vec2<u32>) -> vec4<f32> {
  return vec4<f32>(unpack2x16float(words.x), unpack2x16float(words.y));
}

fn to_f16(x: vec4<f32>) -> vec2<u32> {
  return vec2<u32>(pack2x16float(x.xy), pack2x16float(x.zw));
}

fn from_bf16(words: vec2<u32>) -> vec4<f32> {
  let bits = vec4<u32>(words.x << 16u, words.x & 0xffff0000u, words.y << 16u, words.y & 0xffff0000u);
  return bitcast<vec4<f32>>(bits);
}

fn to_bf16(x: vec4<f32>) -> vec2<u32> {
  let bits = bitcast<vec4<u32>>(x);
  let rounded = bits + vec4<u32>(0x7fffu) + ((bits >> vec4<u32>(16u)) & vec4<u32>(1u));
  return vec2<u32>((rounded.x >> 16u) | (rounded.y & 0xffff0000u), (rounded.z >> 16u) | (rounded.w & 0xffff0000u));
}
`;
