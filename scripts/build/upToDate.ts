import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { build } from '../../esbuild.mjs';
import { withLock } from '../lib/lock.mjs';
import { projectRoot } from '../lib/root.mjs';

/** Everything from which `dist` follows. */
const sources = [
  'src/**/*',
  'kernels/**/*',
  'media/**/*',
  'scripts/build/*',
  'scripts/generate.ts',
  'esbuild.mjs',
];
const lockFile = 'package-lock.json';

/** The last file that a build writes. */
const lastWritten = 'dist/THIRD_PARTY_NOTICES.txt';

/** Whether the last build is younger than everything it was made from, folders (removed files) included. */
export function isBuilt(): boolean {
  const built = statSync(join(projectRoot, lastWritten), { throwIfNoEntry: false })?.mtimeMs;
  if (built === undefined) return false;
  const files = globSync([...sources, lockFile], { cwd: projectRoot });
  return files.every(
    (file) => (statSync(join(projectRoot, file), { throwIfNoEntry: false })?.mtimeMs ?? 0) <= built,
  );
}

/** Builds where something changed since the last build; two commands at once build once. */
export async function buildIfStale(): Promise<void> {
  if (isBuilt()) return;
  await withLock('build', async () => {
    if (!isBuilt()) await build();
  });
}
