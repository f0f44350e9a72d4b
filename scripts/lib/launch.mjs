import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runForeground } from './foreground.mjs';
import { installPackages, projectNode } from './install.mjs';
import { projectRoot } from './root.mjs';
import { SetupError } from './setupError.mjs';

const scripts = join(projectRoot, 'scripts');

/**
 * Runs one task under the project's own Node, after installing the packages where they are missing.
 * Sets the exit code of this process to the task's.
 *
 * @param {string | undefined} task name of a file below scripts/tasks
 * @param {string[]} args
 */
export async function launch(task, args) {
  try {
    const file = join(scripts, 'tasks', `${task}.ts`);
    if (!/^[a-z]+$/.test(task ?? '') || !existsSync(file)) {
      const tasks = readdirSync(join(scripts, 'tasks')).map((name) => name.replace(/\.ts$/, ''));
      throw new SetupError(`There is no task "${task ?? ''}". Known are: ${tasks.join(', ')}.`);
    }
    await installPackages();
    const node = projectNode();
    if (realpathSync(process.execPath) === realpathSync(node)) {
      const { main } = await import(pathToFileURL(file).href);
      process.exitCode = await main(args);
    } else {
      process.exitCode = await runForeground(node, [join(scripts, 'run.mjs'), task, ...args]);
    }
  } catch (error) {
    const message = error instanceof SetupError ? error.message : explainSystemError(error);
    if (message === null) throw error;
    process.stderr.write(`${message}\n`);
    process.exitCode = 1;
  }
}

/** What the user can mend without reading a stack; null for everything else. */
function explainSystemError(error) {
  if (Array.isArray(error.errors) && error.errors[0]?.location !== undefined) {
    return 'The build failed: the sources named above do not compile. Mend them and run the command again.';
  }
  if (error.code === 'ENOSPC') {
    return `The disk is full (${error.path ?? error.syscall}). Free about 1.5 GB and run the command again.`;
  }
  if (['EACCES', 'EPERM', 'EROFS'].includes(error.code)) {
    return `${error.path ?? 'A file'} may not be written (${error.code}). Check who owns it and run the command again.`;
  }
  return null;
}
