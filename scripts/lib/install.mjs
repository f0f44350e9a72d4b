import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './lock.mjs';
import { runNpm } from './npm.mjs';
import { projectRoot } from './root.mjs';
import { SetupError } from './setupError.mjs';

/** The Node that the project's tasks run on: a development dependency, so that everyone has the same. */
export function projectNode() {
  return join(projectRoot, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

/** Installs the packages of the lock file where they are missing or differ from it. */
export async function installPackages() {
  if (isInstalled(projectRoot)) return;
  await withLock('install', async () => {
    // Another command may have installed them while this one waited.
    if (isInstalled(projectRoot)) return;
    // npm ci removes node_modules first, which Windows refuses while a Node from there is running.
    const runsFromThere = process.platform === 'win32' && process.execPath.startsWith(projectRoot);
    // Everything here is a development dependency, which NODE_ENV=production alone would leave out.
    await runNpm([runsFromThere ? 'install' : 'ci', '--include=dev'], {
      cwd: projectRoot,
      what: 'Installing packages (first time: about a minute)',
    });
  });
  if (!existsSync(projectNode())) {
    throw new SetupError(
      `The packages are installed, but Node for ${process.platform}-${process.arch} is not among them. ` +
        'Where npm is set not to run install scripts (`npm config get ignore-scripts` says true), let it run that one: ' +
        '`npm rebuild node --ignore-scripts=false`; else remove node_modules. Then run the command again.',
    );
  }
}

/**
 * Whether node_modules is what package-lock.json describes. npm writes its own list of what it installed
 * last of all, so an interrupted install does not pass.
 *
 * @param {string} folder
 */
export function isInstalled(folder) {
  const wanted = packagesOf(join(folder, 'package-lock.json'));
  const present = packagesOf(join(folder, 'node_modules', '.package-lock.json'));
  if (wanted === null || present === null) return false;
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '') continue;
    const found = present[path];
    if (found === undefined ? !entry.optional : found.version !== entry.version) return false;
  }
  return folder !== projectRoot || (existsSync(projectNode()) && realpathSync(projectNode()) !== '');
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? null;
  } catch {
    return null;
  }
}
