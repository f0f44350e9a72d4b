import { spawnSync } from 'node:child_process';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { unpackTarBrotli } from '../../../scripts/lib/archive.ts';
import { withLock } from '../../../scripts/lib/lock.mjs';
import { projectRoot } from '../../../scripts/lib/root.mjs';

export interface Chromium {
  executable: string;
  /** To be added to the environment of its process. */
  env: Record<string, string>;
}

const folder = join(projectRoot, '.tools', 'chromium');
const archives = join(projectRoot, 'node_modules/@sparticuz/chromium/bin');
const monospaced = join(projectRoot, 'node_modules/dejavu-fonts-ttf/ttf');

/**
 * Unpacks the browser that comes from npm, with the libraries a bare machine lacks and fonts of its own, so
 * that pictures look the same everywhere. Linux x64 only; elsewhere a test names a browser of the system.
 */
export async function unpackChromium(): Promise<Chromium> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    const named = process.env.ATTNPROF_CHROMIUM;
    if (named !== undefined && existsSync(named)) return { executable: named, env: {} };
    throw new Error(
      `npm has no Chromium for ${process.platform}-${process.arch}. Name one in ATTNPROF_CHROMIUM (the path of its program).`,
    );
  }
  const executable = join(folder, 'chromium');
  if (!existsSync(executable)) await withLock('chromium', () => unpack(executable));
  const fonts = { FONTCONFIG_FILE: join(folder, 'fonts.conf') };
  const bare = spawnSync(executable, ['--version'], { env: { ...process.env, ...fonts } });
  if (bare.status === 0) return { executable, env: fonts };
  return { executable, env: { ...fonts, LD_LIBRARY_PATH: join(folder, 'system', 'lib') } };
}

/** The program is put in place last: where it stands, the rest does too. */
async function unpack(executable: string): Promise<void> {
  if (existsSync(executable)) return;
  rmSync(folder, { recursive: true, force: true });
  await unpackTarBrotli(join(archives, 'swiftshader.tar.br'), folder, (path) => path);
  await unpackTarBrotli(join(archives, 'al2023.tar.br'), join(folder, 'system'), (path) => path);
  await unpackTarBrotli(join(archives, 'fonts.tar.br'), join(folder, 'fonts'), (path) =>
    path.endsWith('.ttf') ? path.replace(/^.*\//, '') : null,
  );
  for (const name of ['DejaVuSansMono.ttf', 'DejaVuSansMono-Bold.ttf', 'DejaVuSans.ttf']) {
    await copyFile(join(monospaced, name), join(folder, 'fonts', name));
  }
  writeFileSync(join(folder, 'fonts.conf'), fontConfiguration());
  mkdirSync(join(folder, 'font-cache'), { recursive: true });
  const aside = `${executable}.${process.pid}`;
  await pipeline(
    createReadStream(join(archives, 'chromium.br')),
    createBrotliDecompress(),
    createWriteStream(aside, { mode: 0o755 }),
  );
  renameSync(aside, executable);
}

function fontConfiguration(): string {
  const alias = (generic: string, family: string) =>
    `  <match target="pattern"><test name="family"><string>${generic}</string></test>` +
    `<edit name="family" mode="prepend" binding="strong"><string>${family}</string></edit></match>\n`;
  return (
    '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n<fontconfig>\n' +
    `  <dir>${join(folder, 'fonts')}</dir>\n  <cachedir>${join(folder, 'font-cache')}</cachedir>\n` +
    alias('monospace', 'DejaVu Sans Mono') +
    ['sans-serif', 'system-ui', 'serif'].map((generic) => alias(generic, 'Open Sans')).join('') +
    '</fontconfig>\n'
  );
}
