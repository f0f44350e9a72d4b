import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../lib/root.mjs';

/**
 * Puts the extension of this checkout into an extensions folder as an installation would, except that its
 * built files are links: after a new build, reloading the window is enough.
 */
export function linkOwnExtension(extensionsFolder: string): void {
  const manifest = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
  const target = join(extensionsFolder, `${manifest.publisher}.${manifest.name}-${manifest.version}`);
  // A list that the server wrote for an earlier version of this folder would hide what is there now.
  rmSync(extensionsFolder, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  const files = globSync('{package*.json,README.md,CHANGELOG.md,LICENSE}', { cwd: projectRoot });
  for (const file of files) cpSync(join(projectRoot, file), join(target, file));
  for (const folder of ['dist', 'media']) {
    if (existsSync(join(projectRoot, folder)))
      symlinkSync(join(projectRoot, folder), join(target, folder), 'junction');
  }
}
