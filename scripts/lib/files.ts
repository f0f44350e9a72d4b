import { copyFileSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Writes a text file unless it holds that text already; returns whether it wrote. */
export function writeIfChanged(file: string, text: string): boolean {
  try {
    if (readFileSync(file, 'utf8') === text) return false;
  } catch {
    mkdirSync(dirname(file), { recursive: true });
  }
  writeFileSync(file, text);
  return true;
}

/** Puts a file at `target` as a second name of `source` where the disk allows it, else as a copy. */
export function linkOrCopy(source: string, target: string): void {
  const wanted = statSync(source);
  const present = statSync(target, { throwIfNoEntry: false });
  if (present?.ino === wanted.ino && present.dev === wanted.dev) return;
  if (present?.size === wanted.size && present.mtimeMs >= wanted.mtimeMs) return;
  mkdirSync(dirname(target), { recursive: true });
  rmSync(target, { force: true });
  try {
    linkSync(source, target);
  } catch {
    copyFileSync(source, target);
  }
}
