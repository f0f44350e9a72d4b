import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isInstalled } from '../lib/install.mjs';
import { withLock } from '../lib/lock.mjs';
import { runNpm } from '../lib/npm.mjs';
import { projectRoot } from '../lib/root.mjs';

const pinned = join(projectRoot, 'scripts', 'vscode-server');
const folder = join(projectRoot, '.tools', 'vscode-server');
const vscode = join(folder, 'node_modules', 'code-server', 'lib', 'vscode');

/**
 * Installs the VS Code server from npm below `.tools` where it is missing, at the version that
 * `package-lock.json` beside this file pins, and returns the program that Node runs.
 *
 * Install scripts stay off: they would compile native modules, which neither the extension host nor the
 * workbench needs (the server complains about terminals and its log files, and goes on).
 */
export async function installVsCodeServer(): Promise<string> {
  const program = join(vscode, 'out', 'server-main.js');
  // Written after the second install; the first one removes it with everything else.
  const complete = join(vscode, 'node_modules', '.complete');
  const isReady = () => isInstalled(folder) && existsSync(complete) && existsSync(program);
  if (isReady()) return program;
  await withLock('vscode-server', async () => {
    if (isReady()) return;
    mkdirSync(folder, { recursive: true });
    for (const file of ['package.json', 'package-lock.json'])
      copyFileSync(join(pinned, file), join(folder, file));
    copyFileSync(join(projectRoot, '.npmrc'), join(folder, '.npmrc'));
    await runNpm(['ci', '--ignore-scripts'], { cwd: folder, what: 'Installing the VS Code server (1 of 2)' });
    await runNpm(['install', '--omit=dev', '--ignore-scripts'], {
      cwd: vscode,
      what: 'Installing the VS Code server (2 of 2)',
    });
    writeFileSync(complete, '');
  });
  return program;
}
