import { type Type, typeToString, vecType } from 'wesl/core';
import { f16FromF32Bits } from '../../attention/halfFloats.ts';
import type { Kernel } from '../counting/kernel.ts';
import { layoutOf, roundUp, structLayout } from './layout.ts';
import type { ManifestValue } from './manifest.ts';
import { KernelProblem } from './problem.ts';

/** Words that a manifest may spell out; more belong in a file. */
export const maxValueWords = 1_000_000;

/**
 * A value of the manifest as it lies in a buffer: 32-bit words, as many as `bytes` holds. `what` names it in
 * messages. Throws KernelProblem where it does not fit the type.
 */
export function wordsOfValue(
  value: ManifestValue,
  type: Type,
  bytes: number,
  kernel: Kernel,
  what: string,
): number[] {
  if (bytes / 4 > maxValueWords) {
    throw wrong(what, `has ${bytes} bytes, too many for "values": give "init" with a .npy file`);
  }
  const data = new DataView(new ArrayBuffer(bytes));
  new ValueWriter(data, kernel).write(value, type, 0, what);
  return Array.from({ length: bytes / 4 }, (_, word) => data.getUint32(4 * word, true));
}

class ValueWriter {
  readonly #data: DataView;
  readonly #kernel: Kernel;

  constructor(data: DataView, kernel: Kernel) {
    this.#data = data;
    this.#kernel = kernel;
  }

  write(value: ManifestValue, type: Type, offset: number, what: string): void {
    switch (type.kind) {
      case 'scalar':
        this.#scalar(value, type.scalar, offset, what);
        break;
      case 'atomic':
        this.write(value, type.elem, offset, what);
        break;
      case 'vector':
        this.#list(value, type, type.size, type.elem, offset, what);
        break;
      case 'matrix':
        this.#list(value, type, type.cols, vecType(type.rows, type.elem), offset, what);
        break;
      case 'array': {
        const left = this.#data.byteLength - offset;
        this.#list(
          value,
          type,
          type.count ?? Math.floor(left / this.#stride(type.elem)),
          type.elem,
          offset,
          what,
        );
        break;
      }
      case 'struct':
        this.#struct(value, type, offset, what);
        break;
      default:
        throw wrong(what, `is a ${typeToString(type)}, for which no values can be written`);
    }
  }

  /** From one element to the next, bytes. */
  #stride(element: Type): number {
    const layout = layoutOf(element, this.#kernel);
    if (!layout) throw new Error(`a type of a buffer has no layout: ${typeToString(element)}`);
    return roundUp(layout.size, layout.align);
  }

  #list(value: ManifestValue, type: Type, count: number, element: Type, offset: number, what: string): void {
    if (!Array.isArray(value) || value.length !== count) {
      const has = Array.isArray(value) ? `a list of ${value.length}` : 'no list';
      throw wrong(what, `is ${typeToString(type)}: give a list of ${count}, not ${has}`);
    }
    const stride = this.#stride(element);
    for (const [index, each] of value.entries()) {
      this.write(each, element, offset + index * stride, `${what}[${index}]`);
    }
  }

  #struct(value: ManifestValue, type: Type & { kind: 'struct' }, offset: number, what: string): void {
    const names = type.members.map((member) => member.name).join(', ');
    if (typeof value !== 'object' || Array.isArray(value)) {
      throw wrong(what, `is struct ${type.name}: give an object with ${names}`);
    }
    const given = new Map<string, ManifestValue>(Object.entries(value));
    for (const member of structLayout(type, this.#kernel)?.members ?? []) {
      const own = given.get(member.name);
      if (own === undefined) throw wrong(what, `lacks ${member.name}: struct ${type.name} has ${names}`);
      given.delete(member.name);
      this.write(own, member.type, offset + member.offset, `${what}.${member.name}`);
    }
    for (const name of given.keys()) {
      throw wrong(what, `has ${JSON.stringify(name)}: struct ${type.name} has ${names}`);
    }
  }

  #scalar(value: ManifestValue, scalar: string, offset: number, what: string): void {
    if (typeof value !== 'number') throw wrong(what, `is ${scalar}: give a number`);
    if (scalar === 'f32') {
      this.#data.setFloat32(offset, value, true);
    } else if (scalar === 'f16') {
      const bits = new Uint32Array(new Float32Array([value]).buffer)[0]!;
      this.#data.setUint16(offset, f16FromF32Bits(bits), true);
    } else {
      checkWhole(value, scalar, what);
      this.#data.setUint32(offset, value, true);
    }
  }
}

/** Throws KernelProblem unless the value is a whole number of the type. */
export function checkWhole(value: number, scalar: string, what: string): void {
  const [least, most] = scalar === 'i32' ? [-(2 ** 31), 2 ** 31 - 1] : [0, 2 ** 32 - 1];
  if (!Number.isInteger(value) || value < least || value > most) {
    throw wrong(what, `is ${scalar}: ${value} is no whole number from ${least} to ${most}`);
  }
}

function wrong(what: string, problem: string): KernelProblem {
  return new KernelProblem('manifest', `${what} ${problem}.`);
}
