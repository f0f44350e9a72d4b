import { lstatSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { rowLayout } from '../attention/storage.ts';
import type { AnyPlan } from '../plans/plan.ts';
import { HostError } from './errors.ts';

/**
 * Tensors travel to and from the GPU process as files `NAME.f32` in a folder of their own: f32,
 * little-endian, rows without padding. The channel of the process is for messages, not for gigabytes.
 */

const prefix = 'attnprof-run-';

/** A new folder, readable by this user alone. Whoever makes it removes it. */
export function createRunFolder(): string {
  return mkdtempSync(join(realpathSync(tmpdir()), prefix));
}

export function removeRunFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

export function tensorFile(folder: string, name: string): string {
  return join(folder, `${name}.f32`);
}

/** The bytes of f32 values as they lie in memory: every machine that Node and Dawn run on is little-endian. */
export function writeTensor(folder: string, name: string, values: Float32Array): void {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  // Never over a file, or through a link, that is there already.
  writeFileSync(tensorFile(folder, name), bytes, { flag: 'wx' });
}

/** A tensor that was written there, or null. */
export function readTensor(folder: string, name: string): Float32Array | null {
  const file = tensorFile(folder, name);
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return null;
  return valuesOf(file);
}

function valuesOf(file: string): Float32Array {
  const bytes = readFileSync(file);
  // Node reads small files into a pool that others share.
  const { buffer } = bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
  return new Float32Array(buffer);
}

/**
 * Checks that a folder is one that `createRunFolder` made: a request names it, and files are read and
 * written there. @throws HostError
 */
export function checkRunFolder(folder: string): void {
  const isOurs =
    dirname(folder) === realpathSync(tmpdir()) &&
    basename(folder).startsWith(prefix) &&
    lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
  if (!isOurs) throw new HostError('protocol', 'the folder of the tensors is not one of this program');
}

/** The named input tensors of a plan, each as long as its buffer says. @throws HostError */
export function readInputs(
  folder: string,
  names: readonly string[],
  plan: AnyPlan,
): Map<string, Float32Array> {
  const inputs = new Map<string, Float32Array>();
  for (const name of names) {
    const buffer = plan.buffers.find(
      (one) => one.name === name && (one.role === 'input' || one.fill.kind === 'given'),
    );
    if (!buffer) continue;
    const { dtype, width } = buffer.elements;
    const elements = (buffer.bytes / rowLayout(dtype, width).bytes) * width;
    const file = tensorFile(folder, name);
    const size = lstatSync(file, { throwIfNoEntry: false });
    if (!size?.isFile() || size.size !== elements * 4) {
      throw new HostError('protocol', `tensor ${name} is not a file of ${elements * 4} bytes`);
    }
    inputs.set(name, valuesOf(file));
  }
  return inputs;
}
