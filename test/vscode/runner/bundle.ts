import { globSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { generate } from '../../../scripts/generate.ts';
import { projectRoot } from '../../../scripts/lib/root.mjs';

/** Bundles the runner and every test of `test/vscode` for the extension host; returns the runner's path. */
export async function bundleExtensionTests(): Promise<string> {
  generate();
  const outdir = join(projectRoot, '.tools', 'vscode-tests');
  rmSync(outdir, { recursive: true, force: true });
  const tests = globSync('test/vscode/**/*.test.ts', { cwd: projectRoot });
  await esbuild.build({
    absWorkingDir: projectRoot,
    entryPoints: Object.fromEntries([
      ['index', 'test/vscode/runner/index.ts'],
      ...tests.map((file) => [
        file
          .replace(/^test\/vscode\//, '')
          .replace(/\.ts$/, '')
          .replaceAll(/[\\/]/g, '-'),
        file,
      ]),
    ]),
    outdir,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    sourcemap: 'inline',
    mainFields: ['module', 'main'],
    external: ['vscode', 'mocha'],
    logLevel: 'warning',
  });
  return join(outdir, 'index.cjs');
}
