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
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
