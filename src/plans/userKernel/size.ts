import { typeToString } from 'wesl/core';
import type { KernelBinding } from './inspect.ts';
import { roundUp } from './layout.ts';
import type { ManifestBinding } from './manifest.ts';
import { KernelProblem } from './problem.ts';

/** WebGPU rounds up the size of what is bound where an array of halves ends in the middle of a word. */
const wordBytes = 4;
/** Uniform buffers are bound in whole rows of 16 bytes. */
const uniformBytes = 16;

/**
 * Bytes of a binding: what its type takes, with `length` elements in an array of no fixed length, or `bytes`.
 * Throws KernelProblem where the manifest says too little, too much, or something else than the WGSL.
 */
export function sizeOfBinding(binding: KernelBinding, wanted: ManifestBinding): number {
  const { layout, space } = binding;
  const { runtime } = layout;
  if (!runtime) {
    const bytes = roundUp(layout.size, space === 'uniform' ? uniformBytes : wordBytes);
    checkFixed(binding, wanted, bytes);
    return bytes;
  }
  const length = wanted.length ?? lengthOf(binding, wanted);
  const exact = runtime.offset + length * runtime.stride;
  const bytes = roundUp(Math.max(exact, layout.size), wordBytes);
  if (!Number.isSafeInteger(bytes)) throw wrong(binding, `${length} elements are too many`);
  if (wanted.bytes !== undefined && wanted.bytes !== exact && wanted.bytes !== bytes) {
    throw wrong(binding, `${length} elements take ${exact} bytes, not the ${wanted.bytes} of "bytes"`);
  }
  return bytes;
}

function lengthOf(binding: KernelBinding, { bytes, values }: ManifestBinding): number {
  const { offset, stride, element } = binding.layout.runtime!;
  if (bytes !== undefined) {
    const length = (bytes - offset) / stride;
    if (Number.isInteger(length) && length >= 1) return length;
    const head = offset > 0 ? `${offset} bytes and ` : '';
    throw wrong(binding, `its size is ${head}a multiple of ${stride} bytes, which ${bytes} is not`);
  }
  if (binding.type.kind === 'array' && Array.isArray(values) && values.length > 0) return values.length;
  throw wrong(binding, `give its "length", in elements of ${typeToString(element)}`);
}

function checkFixed(binding: KernelBinding, wanted: ManifestBinding, bytes: number): void {
  const { type, layout, typeText } = binding;
  if (wanted.bytes !== undefined && wanted.bytes !== layout.size && wanted.bytes !== bytes) {
    throw wrong(binding, `${typeText} has ${layout.size} bytes, not the ${wanted.bytes} of "bytes"`);
  }
  const count = type.kind === 'array' ? type.count : 1;
  if (wanted.length !== undefined && wanted.length !== count) {
    throw wrong(binding, `${typeText} has a length of ${count}, not the ${wanted.length} of "length"`);
  }
}

function wrong({ name }: KernelBinding, what: string): KernelProblem {
  return new KernelProblem('manifest', `${name}: ${what}.`);
}
