import { mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../lib/root.mjs';

/**
 * Puts the extension of this checkout into an extensions folder as a link: after a new build, reloading the
 * window is enough. The folder as a whole, because VS Code tells whose code it runs by the real path of it.
 */
export function linkOwnExtension(extensionsFolder: string): void {
  const manifest = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
  const target = join(extensionsFolder, `${manifest.publisher}.${manifest.name}-${manifest.version}`);
  // A list that the server wrote for an earlier version of this folder would hide what is there now.
  rmSync(extensionsFolder, { recursive: true, force: true });
  mkdirSync(extensionsFolder, { recursive: true });
  symlinkSync(projectRoot, target, 'junction');
}
