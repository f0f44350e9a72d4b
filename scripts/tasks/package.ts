import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { build } from '../../esbuild.mjs';
import { zipEntries } from '../build/zipEntries.ts';
import { runForeground } from '../lib/foreground.mjs';
import { withLock } from '../lib/lock.mjs';
import { projectRoot } from '../lib/root.mjs';
import { SetupError } from '../lib/setupError.mjs';

const megabyte = 1_000_000;
const largest = 25 * megabyte;

/** `npm run package`: writes the VSIX for this platform, with one Dawn in it, and lists what it holds. */
export async function main(): Promise<number> {
  const { name, version, main: entry } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
  const target = `${process.platform}-${process.arch}`;
  const file = join(projectRoot, `${name}-${target}-${version}.vsix`);
  const code = await withLock('build', async () => {
    await build({ minify: true });
    if (entry === undefined || !existsSync(join(projectRoot, entry))) {
      throw new SetupError(
        `The manifest's entry point (${entry}) was not built. Look at "main" in package.json.`,
      );
    }
    const options = ['--no-dependencies', '--allow-missing-repository', '--no-rewrite-relative-links'];
    const vsce = join(projectRoot, 'node_modules/@vscode/vsce/vsce');
    return await runForeground(
      process.execPath,
      [vsce, 'package', '--target', target, ...options, '--out', file],
      {
        cwd: projectRoot,
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
  });
  if (code !== 0) return code;
  report(file);
  return 0;
}

function report(file: string): void {
  const entries = zipEntries(file);
  for (const { path, packed, size } of entries) {
    process.stdout.write(`${String(packed).padStart(10)} of ${String(size).padStart(10)} bytes  ${path}\n`);
  }
  const bytes = statSync(file).size;
  process.stdout.write(`${file}: ${(bytes / megabyte).toFixed(1)} MB in ${entries.length} files\n`);
  const dawns = entries.filter(({ path }) => path.endsWith('/dawn.node'));
  if (dawns.length !== 1)
    throw new SetupError(`The package holds ${dawns.length} copies of Dawn; it must hold one.`);
  if (bytes > largest) throw new SetupError(`The package is over its limit of ${largest / megabyte} MB.`);
}
