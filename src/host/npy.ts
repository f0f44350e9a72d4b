import { f16FromF32Bits, f32BitsFromF16 } from '../attention/halfFloats.ts';
import type { Result } from '../attention/shape.ts';

/** An array of a .npy file: C order, the last dimension fastest. */
export interface NpyArray {
  /** As the file stores it; `values` are f32 in either case. */
  dtype: 'f32' | 'f16';
  shape: number[];
  values: Float32Array;
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** NumPy itself reads no longer header without being told to. */
const maxHeaderLength = 10_000;
const maxDimensions = 32;

const descriptors = { '<f4': 'f32', '<f2': 'f16' } as const;
const allDescriptors = { ...descriptors, '<i4': 'i32', '<u4': 'u32' } as const;
const sizes = { f32: 4, f16: 2, i32: 4, u32: 4 } as const;

/** What a .npy file holds, its elements as they lie in it. */
export interface NpyBytes {
  dtype: keyof typeof sizes;
  shape: number[];
  data: Uint8Array;
}

/**
 * Reads NPY 1.0 and 2.0 (numpy.lib.format): little-endian f32 or f16 in C order. Nothing in the bytes is
 * trusted: the answer is an array whose values are all there, or one line with what is wrong and what to do.
 */
export function decodeNpy(bytes: Uint8Array): Result<NpyArray> {
  const parts = partsOf(bytes, descriptors);
  if (!parts.ok) return parts;
  const { dtype, shape, data } = parts.value;
  return { ok: true, value: { dtype, shape, values: valuesOf(data, dtype) } };
}

/** As `decodeNpy`, for i32 and u32 as well, without looking at the elements. */
export function npyBytes(bytes: Uint8Array): Result<NpyBytes> {
  return partsOf(bytes, allDescriptors);
}

function partsOf<T extends NpyBytes['dtype']>(
  bytes: Uint8Array,
  types: Readonly<Record<string, T>>,
): Result<{ dtype: T; shape: number[]; data: Uint8Array }> {
  if (magic.some((byte, index) => bytes[index] !== byte)) return fail('it is not a .npy file');
  const [major, minor] = [bytes[6], bytes[7]];
  if ((major !== 1 && major !== 2) || minor !== 0) {
    return fail(`it has format version ${major}.${minor}: save it with numpy.save, which writes 1.0`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = major === 1 ? 10 : 12;
  if (bytes.length < start) return fail('it is cut off within its header');
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > maxHeaderLength) return fail(`its header says it is ${length} bytes long`);
  if (bytes.length < start + length) return fail('it is cut off within its header');
  const header = readHeader(String.fromCharCode(...bytes.subarray(start, start + length)), types);
  if (!header.ok) return header;
  const { dtype, shape } = header.value;
  const elements = shape.reduce((product, size) => product * size, 1);
  const data = bytes.subarray(start + length);
  const expected = elements * sizes[dtype];
  if (data.length !== expected) {
    return fail(
      `its header promises ${expected} bytes of data for the shape ${formatNpyShape(shape)}, there are ${data.length}`,
    );
  }
  return { ok: true, value: { dtype, shape, data } };
}

/** The bytes of a .npy file, version 1.0; f16 rounds to nearest even. */
export function encodeNpy({ dtype, shape, values }: NpyArray): Uint8Array {
  const descriptor = dtype === 'f32' ? '<f4' : '<f2';
  const dictionary = `{'descr': '${descriptor}', 'fortran_order': False, 'shape': ${formatNpyShape(shape)}, }`;
  // Data begin at a multiple of 64 bytes, and the header ends with a line feed.
  const padded = Math.ceil((10 + dictionary.length + 1) / 64) * 64 - 10;
  const header = `${dictionary.padEnd(padded - 1)}\n`;
  const bytes = new Uint8Array(10 + padded + values.length * sizes[dtype]);
  bytes.set([...magic, 1, 0, padded & 0xff, padded >>> 8]);
  for (let index = 0; index < padded; index++) bytes[10 + index] = header.charCodeAt(index);
  const data = bytes.subarray(10 + padded);
  if (dtype === 'f32') {
    data.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  } else {
    const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
    data.set(new Uint8Array(Uint16Array.from(bits, f16FromF32Bits).buffer));
  }
  return bytes;
}

/** As Python writes a tuple: `(2, 3)`, `(5,)`, `()`. */
export function formatNpyShape(shape: readonly number[]): string {
  return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
}

/** The header is a Python dictionary; only the one form that numpy writes is one here. */
function readHeader<T extends NpyBytes['dtype']>(
  text: string,
  types: Readonly<Record<string, T>>,
): Result<{ dtype: T; shape: number[] }> {
  const inner = /^\{(.*?),?\s*\}\s*$/s.exec(text)?.[1];
  const entries = new Map<string, string>();
  const entry = /\s*'(\w{1,20})'\s*:\s*('[^']{0,40}'|True|False|\([\d,\sL]{0,1000}\))\s*(?:,|$)/sy;
  let end = 0;
  while (inner !== undefined && end < inner.length) {
    entry.lastIndex = end;
    const found = entry.exec(inner);
    if (!found || entries.has(found[1]!)) break;
    entries.set(found[1]!, found[2]!);
    end = entry.lastIndex;
  }
  const [descr, order, shape] = ['descr', 'fortran_order', 'shape'].map((key) => entries.get(key));
  if (inner === undefined || end < inner.length || entries.size !== 3 || !descr || !order || !shape) {
    return fail('its header is none that numpy writes for an array of one type');
  }
  const type = descr.replaceAll("'", '');
  if (!Object.hasOwn(types, type)) {
    const names = { '<f4': 'float32', '<f2': 'float16', '<i4': 'int32', '<u4': 'uint32' };
    const saved = Object.entries(names).flatMap(([key, name]) => (key in types ? [`numpy.${name}`] : []));
    const advice = `save it as ${saved.join(' or ')}, little-endian`;
    return fail(`its type is ${JSON.stringify(type)}: ${advice}`);
  }
  if (order !== 'False') return fail('it is in Fortran order: save numpy.ascontiguousarray(x)');
  const sizesOf = readShape(shape);
  if (!sizesOf) return fail('the shape in its header is no tuple of sizes');
  return { ok: true, value: { dtype: types[type]!, shape: sizesOf } };
}

function readShape(tuple: string): number[] | null {
  const text = tuple.slice(1, -1).trim();
  if (text === '') return [];
  const parts = text.replace(/,$/, '').split(',');
  if (parts.length > maxDimensions || parts.some((part) => !/^\s*\d{1,15}\s*$/.test(part))) return null;
  // One size without its comma is a number in brackets, not a tuple.
  if (parts.length === 1 && !text.endsWith(',')) return null;
  const shape = parts.map(Number);
  return Number.isSafeInteger(shape.reduce((product, size) => product * size, 1) * 4) ? shape : null;
}

function valuesOf(data: Uint8Array, dtype: NpyArray['dtype']): Float32Array {
  // A copy: what follows the header need not be aligned, and a Node buffer may lie in a shared pool.
  const { buffer } = new Uint8Array(data);
  if (dtype === 'f32') return new Float32Array(buffer);
  const bits = Uint32Array.from(new Uint16Array(buffer), f32BitsFromF16);
  return new Float32Array(bits.buffer);
}

function fail(error: string): { ok: false; error: string } {
  return { ok: false, error };
}
