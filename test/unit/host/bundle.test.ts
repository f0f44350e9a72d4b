import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { expect, it } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

/** Every source file of ours, and every package, that a program loads when it starts from `entry`. */
async function loadedBy(entry: string): Promise<string[]> {
  const { metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
  return Object.keys(metafile.inputs);
}

it('the supervisor brings neither Dawn nor the GPU floor into its process', async () => {
  const files = await loadedBy('src/host/supervisor.ts');
  expect(files).toContain('src/host/gpuChild.ts');
  expect(files.filter((file) => /webgpu|host\/(dawn|child(Main|Server))/.test(file))).toEqual([]);
  expect(files.filter((file) => file.startsWith('src/gpu/'))).toEqual([]);
});
