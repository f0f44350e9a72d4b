import { copyFileSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../..');

/** Programs that stand before the real GPU process and make it do what a bad driver does. */
export type Fixture = 'crashing' | 'losing' | 'likeElectron' | 'blocking' | 'exiting';

/**
 * A folder as the build makes it, with the GPU process of the sources as they are now: Dawn beside the
 * bundle, and the embedded adapter that the tests run with (or none). With a fixture, that is what is
 * started, and it loads the real process itself.
 */
export async function makeDistFolder(
  options: { fixture?: Fixture; embedded?: boolean; dawn?: boolean } = {},
): Promise<{
  path: string;
  remove: () => void;
}> {
  const { fixture, embedded = true, dawn = true } = options;
  const path = mkdtempSync(join(tmpdir(), 'gpu-host-'));
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: ['src/host/childMain.ts'],
    outfile: join(path, fixture ? 'realGpuHost.mjs' : 'gpuHost.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    mainFields: ['module', 'main'],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  if (fixture) copyFileSync(join(here, `${fixture}.mjs`), join(path, 'gpuHost.mjs'));
  if (dawn) symlinkSync(join(root, 'node_modules/webgpu'), join(path, 'webgpu'), 'junction');
  if (embedded) symlinkSync(embeddedAdapterFolder(), join(path, 'embedded'), 'junction');
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** The software adapter that the test run was given, by the variable that the Vulkan loader reads. */
function embeddedAdapterFolder(): string {
  const manifest = process.env.VK_ICD_FILENAMES;
  return manifest ? dirname(manifest) : join(root, '.tools/swiftshader');
}
