import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { unpackTarBrotli } from './archive.ts';
import { projectRoot } from './root.mjs';

/** The Vulkan driver on the CPU, the loader that finds it, and the description by which the loader does. */
export const swiftshaderFiles = ['libvk_swiftshader.so', 'libvulkan.so.1', 'vk_swiftshader_icd.json'];

/**
 * Unpacks the embedded adapter from the browser package and returns its folder; null on platforms for which
 * there is none.
 */
export async function swiftshaderFolder(): Promise<string | null> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return null;
  const folder = join(projectRoot, '.tools', 'swiftshader');
  if (swiftshaderFiles.every((name) => existsSync(join(folder, name)))) return folder;
  const archive = join(projectRoot, 'node_modules/@sparticuz/chromium/bin/swiftshader.tar.br');
  await unpackTarBrotli(archive, folder, (path) => {
    const name = basename(path);
    return swiftshaderFiles.includes(name) ? name : null;
  });
  return folder;
}
