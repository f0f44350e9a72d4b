import { randomUUID } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { quote, WrongUse } from './wrongUse.ts';

/** Finds out before the work starts whether the result could be kept. Throws WrongUse. */
export function checkOutputFile(file: string): void {
  if (file === '') throw new WrongUse('-o is empty: give a file, result.attnprof.json');
  const wrong = (what: string) => new WrongUse(`-o ${quote(file)} ${what}`);
  try {
    const target = statOf(file);
    if (target?.isDirectory())
      throw wrong(`is a folder: give a file in it, ${quote(join(file, 'result.attnprof.json'))}`);
    if (target && !target.isFile()) return;
    const folder = dirname(resolve(file));
    if (!statOf(folder)?.isDirectory()) throw wrong(`has no folder: make ${quote(folder)} first`);
    accessSync(folder, constants.W_OK);
    if (target) accessSync(file, constants.W_OK);
  } catch (error) {
    if (error instanceof WrongUse) throw error;
    throw wrong(`cannot be used, ${reasonOf(error)}: choose another file`);
  }
}

/**
 * Writes a file whole or not at all: beside it first, then in its place. What is no regular file (a pipe, a
 * device) is written to directly. Returns null, or why it was not written.
 */
export function writeOutputFile(file: string, content: string | Uint8Array): string | null {
  let beside: string | null = null;
  try {
    const target = statOf(file);
    if (target && !target.isFile()) {
      writeFileSync(file, content);
      return null;
    }
    // Through a link, so that the link stays and what it points to changes.
    const real = target ? realpathSync(file) : resolve(file);
    beside = join(dirname(real), `.${basename(real).slice(0, 100)}.${randomUUID().slice(0, 8)}.tmp`);
    const descriptor = openSync(beside, 'wx', target ? target.mode & 0o777 : 0o666);
    try {
      writeFileSync(descriptor, content);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(beside, real);
    return null;
  } catch (error) {
    if (beside !== null) rmSync(beside, { force: true });
    return `${quote(file)} could not be written: ${reasonOf(error)}`;
  }
}

/** Whether a file is, or will be, one that can be written again and again: no pipe and no device. */
export function isPlainFile(file: string): boolean {
  return statOf(file)?.isFile() ?? true;
}

function statOf(file: string) {
  return statSync(file, { throwIfNoEntry: false });
}

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const reasons: Record<string, string> = {
    ENOSPC: 'the disk is full',
    EDQUOT: 'the disk quota is used up',
    EACCES: 'it may not be written',
    EPERM: 'it may not be written',
    EROFS: 'the disk is read-only',
    ENOENT: 'its folder is gone',
    ENAMETOOLONG: 'its name is too long',
  };
  return reasons[code] ?? (error instanceof Error ? error.message : String(error));
}
