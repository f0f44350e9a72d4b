import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildIfStale } from '../build/upToDate.ts';
import { projectRoot } from '../lib/root.mjs';
import { SetupError } from '../lib/setupError.mjs';
import { linkOwnExtension } from '../vscode-server/ownExtension.ts';
import { startVsCodeServer } from '../vscode-server/server.ts';
import { quietSettings } from '../vscode-server/settings.ts';

const workspace = join(projectRoot, 'test', 'workspace');

/**
 * `npm start [-- --port N] [--no-open]`: builds, and opens VS Code with this checkout's extension on the sample
 * workspace. The desktop program where it is installed; else, or where a port or no window is asked for, the
 * VS Code server, until Ctrl-C.
 */
export async function main(args: string[]): Promise<number> {
  const { port, open } = readArguments(args);
  await buildIfStale();
  if (port === undefined && open && hasDesktopCode()) return openDesktop();
  return await serve(port ?? 0, open);
}

function readArguments(args: string[]): { port: number | undefined; open: boolean } {
  const usage = 'Use: npm start [-- --port N] [--no-open]';
  try {
    const { values } = parseArgs({
      args,
      options: { port: { type: 'string' }, 'no-open': { type: 'boolean' } },
    });
    const port = values.port === undefined ? undefined : Number(values.port);
    if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65535)) {
      throw new Error(`--port takes a number from 1 to 65535, not "${values.port}"`);
    }
    return { port, open: !values['no-open'] };
  } catch (error) {
    throw new SetupError(`${error instanceof Error ? error.message : error}. ${usage}`);
  }
}

function hasDesktopCode(): boolean {
  return (
    spawnSync('code', ['--version'], { stdio: 'ignore', shell: process.platform === 'win32' }).status === 0
  );
}

function openDesktop(): number {
  const args = [`--extensionDevelopmentPath=${projectRoot}`, workspace];
  const { status } = spawnSync('code', args, { stdio: 'inherit', shell: process.platform === 'win32' });
  if (status === 0) process.stdout.write(`VS Code opens with Attention Profiler on ${workspace}\n`);
  return status ?? 1;
}

async function serve(port: number, open: boolean): Promise<number> {
  const asked = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => resolve());
    // Whoever started this may be killed without a word; then nobody is left to press Ctrl-C.
    const parent = process.ppid;
    setInterval(() => process.ppid !== parent && resolve(), 1000).unref();
  });
  const dataFolder = join(projectRoot, '.tools', 'start', String(port || 'any'));
  linkOwnExtension(join(dataFolder, 'extensions'));
  const server = await startVsCodeServer({ folder: workspace, dataFolder, port, settings: quietSettings });
  try {
    process.stdout.write(`\nVS Code with Attention Profiler: ${server.url()}\nCtrl-C ends it.\n`);
    if (open) openBrowser(server.url());
    const ended = await Promise.race([asked, server.exited.then((code) => ({ code }))]);
    if (ended === undefined) return 0;
    throw new SetupError(
      `The VS Code server ended by itself (exit code ${ended.code}); see ${server.logFile}`,
    );
  } finally {
    await server.stop();
  }
}

/** Opens the user's browser; where there is none, the printed address has to do. */
function openBrowser(url: string): void {
  const [command, ...args] =
    process.platform === 'darwin'
      ? ['open', url]
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '', url.replaceAll('&', '^&')]
        : ['xdg-open', url];
  const child = spawn(command as string, args, { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
}
