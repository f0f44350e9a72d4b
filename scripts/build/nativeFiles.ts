import { globSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { linkOrCopy } from '../lib/files.ts';
import { projectRoot } from '../lib/root.mjs';
import { SetupError } from '../lib/setupError.mjs';
import { swiftshaderFiles, swiftshaderFolder } from '../lib/swiftshader.ts';

/** Puts Dawn for this platform, and the embedded adapter where there is one, into `dist`. */
export async function placeNativeFiles(dist: string): Promise<void> {
  const arch = process.platform === 'darwin' ? 'universal' : process.arch;
  const source = join(projectRoot, 'node_modules/webgpu');
  const binaries = globSync(`dist/${process.platform}-${arch}/*`, { cwd: source });
  if (binaries.length === 0) {
    throw new SetupError(
      `The webgpu package has no Dawn for ${process.platform}-${arch}; it has them for Linux and Windows (x64, arm64) and macOS.`,
    );
  }
  for (const file of ['index.js', 'package.json', 'LICENSE.md', ...binaries]) {
    linkOrCopy(join(source, file), join(dist, 'webgpu', file));
  }

  const swiftshader = await swiftshaderFolder();
  if (swiftshader === null) return;
  mkdirSync(join(dist, 'embedded'), { recursive: true });
  for (const file of swiftshaderFiles) linkOrCopy(join(swiftshader, file), join(dist, 'embedded', file));
}
