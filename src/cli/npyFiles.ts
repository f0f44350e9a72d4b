import { readFileSync, statSync } from 'node:fs';
import { checkShape, type Shape } from '../attention/shape.ts';
import { decodeNpy, formatNpyShape, type NpyArray } from '../host/npy.ts';
import { quote, WrongUse } from './wrongUse.ts';

/** Node reads no larger file at once. */
const maxBytes = 2 ** 31 - 1;

/** The array of a .npy file whose values are all finite. `option` is how it was given. Throws WrongUse. */
export function readNpyFile(option: string, file: string): NpyArray {
  const wrong = (what: string) => new WrongUse(`${option} ${quote(file)}: ${what}`);
  let bytes: Uint8Array;
  try {
    const found = statSync(file);
    if (!found.isFile()) throw wrong('it is no file');
    if (found.size > maxBytes) throw wrong(`it has ${found.size} bytes, at most ${maxBytes} are read`);
    bytes = readFileSync(file);
  } catch (error) {
    if (error instanceof WrongUse) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw wrong(code === 'ENOENT' ? 'there is no such file' : `it cannot be read, ${message}`);
  }
  const decoded = decodeNpy(bytes);
  if (!decoded.ok) throw wrong(decoded.error);
  const { values, shape } = decoded.value;
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at >= 0)
    throw wrong(`it has ${values[at]} at ${formatNpyShape(placeOf(at, shape))}, give finite values`);
  return decoded.value;
}

/** The index of an element in every dimension. */
function placeOf(at: number, shape: readonly number[]): number[] {
  let rest = at;
  const place: number[] = [];
  for (const size of shape.toReversed()) {
    place.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return place;
}

export interface TensorArrays {
  q: NpyArray;
  k: NpyArray;
  v: NpyArray;
  dout: NpyArray | null;
}

/** The sizes of a problem from its tensors. Throws WrongUse where they do not go together. */
export function shapeOfTensors({ q, k, v, dout }: TensorArrays): Shape {
  const [batch, heads, seqLenQ, headDim] = sizesOf('--q', q, '(B, H, N, D)');
  const [kBatch, kvHeads, seqLenKv, kDim] = sizesOf('--k', k, '(B, KV heads, M, D)');
  const headDimV = sizesOf('--v', v, '(B, KV heads, M, DV)')[3];
  const has = (array: NpyArray) => formatNpyShape(array.shape);
  if (kBatch !== batch || kDim !== headDim) {
    throw new WrongUse(`--k is ${has(k)}, --q is ${has(q)}: batch and head dim must agree`);
  }
  expectSizes('--v', v, [batch, kvHeads, seqLenKv, headDimV], `for --k ${has(k)}`);
  if (dout) expectSizes('--dout', dout, [batch, heads, seqLenQ, headDimV], 'as the output');
  const shape = checkShape({ batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV });
  if (!shape.ok) throw new WrongUse(`--q is ${has(q)}, --k is ${has(k)}: ${shape.error}`);
  return shape.value;
}

/** Batch and heads of a bias, 1 where it is broadcast. Throws WrongUse. */
export function biasOfTensor(bias: NpyArray, { seqLenQ, seqLenKv }: Shape): { batch: number; heads: number } {
  const [batch, heads] = sizesOf('--bias', bias, '(B or 1, H or 1, N, M)');
  expectSizes('--bias', bias, [batch, heads, seqLenQ, seqLenKv], 'for these queries and keys');
  return { batch, heads };
}

function sizesOf(option: string, { shape }: NpyArray, right: string): [number, number, number, number] {
  if (shape.length !== 4 || shape.includes(0)) {
    throw new WrongUse(`${option} is ${formatNpyShape(shape)}: give ${right}, nothing of it empty`);
  }
  return shape as [number, number, number, number];
}

function expectSizes(option: string, { shape }: NpyArray, right: number[], why: string): void {
  if (shape.length === right.length && shape.every((size, index) => size === right[index])) return;
  throw new WrongUse(`${option} is ${formatNpyShape(shape)}: it must be ${formatNpyShape(right)}, ${why}`);
}
