import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';
import type { BufferFile } from '../plans/userKernel/prepare.ts';
import { KernelProblem } from '../plans/userKernel/problem.ts';
import { npyBytes } from './npy.ts';
import { writeTensor } from './runFolder.ts';

/** Node reads no larger file at once. */
const maxBytes = 2 ** 31 - 1;

/**
 * Copies the elements of .npy files, which lie in the manifest's folder or below, into a run folder, from
 * where the GPU process takes them. Throws KernelProblem where a file is not what its buffer needs.
 */
export function writeKernelInputs(
  files: readonly BufferFile[],
  manifestFolder: string,
  runFolder: string,
): void {
  for (const { buffer, file, bytes } of files) {
    const wrong = (what: string) =>
      new KernelProblem('manifest', `${buffer}: ${JSON.stringify(file)} ${what}.`);
    const decoded = npyBytes(readBelow(manifestFolder, file, wrong));
    if (!decoded.ok) throw wrong(`cannot be used: ${decoded.error}`);
    const { data } = decoded.value;
    const padded = Math.ceil(data.length / 4) * 4;
    if (padded !== bytes) {
      throw wrong(`holds ${data.length} bytes, but the buffer has ${bytes}`);
    }
    // A copy: what follows a header need not be aligned, and half a word at the end is filled up.
    const words = new Float32Array(padded / 4);
    new Uint8Array(words.buffer).set(data);
    writeTensor(runFolder, buffer, words);
  }
}

function readBelow(folder: string, file: string, wrong: (what: string) => KernelProblem): Uint8Array {
  let descriptor: number;
  try {
    const real = realpathSync(join(folder, file));
    const below = relative(realpathSync(folder), real);
    if (below === '' || below.startsWith(`..${sep}`) || below === '..' || isAbsolute(below)) {
      throw wrong("is not in the manifest's folder");
    }
    // Opening a pipe would wait for whoever writes into it.
    descriptor = openSync(real, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (error instanceof KernelProblem) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw wrong(code === 'ENOENT' ? 'does not exist' : `cannot be read: ${message}`);
  }
  try {
    const found = fstatSync(descriptor);
    if (!found.isFile()) throw wrong('is no file');
    if (found.size > maxBytes) throw wrong(`has ${found.size} bytes; at most ${maxBytes} are read`);
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
