import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ProcessGroup, startGroup } from '../lib/processGroup.ts';
import { SetupError } from '../lib/setupError.mjs';
import { installVsCodeServer } from './install.ts';

export interface VsCodeServerOptions {
  /** Absolute folder that the editor opens. */
  folder: string;
  /** Where settings, state, extensions and the log of this server live; made where it is missing. */
  dataFolder: string;
  /** 0, the default, takes any free port. */
  port?: number;
  /** Whether the opened folder is trusted; a folder that is not opens in Restricted Mode. Default true. */
  trust?: boolean;
  /** User settings, read by each page when it loads. */
  settings?: Readonly<Record<string, unknown>>;
  /**
   * Lets a page load an extension from its sources and run tests in its extension host, which the server
   * allows under its smoke-test flag only. That flag also hides notification toasts.
   */
  developmentPages?: boolean;
  /** Added to the environment of the server and so of its extension hosts. */
  env?: Record<string, string>;
}

export interface VsCodeServer {
  readonly port: number;
  /** Opens the folder; takes further query parameters. */
  url(query?: Record<string, string>): string;
  writeSettings(settings: Readonly<Record<string, unknown>>): void;
  readonly logFile: string;
  /** Resolves when the server has ended, whoever ended it. */
  readonly exited: Promise<number>;
  /** Ends the server and every process it started. */
  stop(): Promise<void>;
}

const readyWithinMs = 30_000;

/** Starts a real VS Code server for one user on this machine and resolves once it answers. */
export async function startVsCodeServer(options: VsCodeServerOptions): Promise<VsCodeServer> {
  const program = await installVsCodeServer();
  const port = await claimPort(options.port ?? 0);
  const userData = join(options.dataFolder, 'user-data');
  const extensions = join(options.dataFolder, 'extensions');
  mkdirSync(extensions, { recursive: true });

  const writeSettings = (settings: Readonly<Record<string, unknown>>) => {
    mkdirSync(join(userData, 'User'), { recursive: true });
    writeFileSync(join(userData, 'User', 'settings.json'), JSON.stringify(settings, null, 2));
  };
  if (options.settings !== undefined) writeSettings(options.settings);

  const logFile = join(options.dataFolder, 'server.log');
  const log = createWriteStream(logFile);
  const args = [
    program,
    ...['--host', '127.0.0.1', '--port', String(port), '--default-folder', options.folder],
    ...['--user-data-dir', userData, '--server-data-dir', join(options.dataFolder, 'server-data')],
    ...['--extensions-dir', extensions, '--telemetry-level', 'off'],
    ...['--without-connection-token', '--accept-server-license-terms'],
    // Extension hosts of closed pages would wait for hours for their page to come back.
    ...['--reconnection-grace-time', '1'],
    ...((options.trust ?? true) ? ['--disable-workspace-trust'] : []),
    ...(options.developmentPages ? ['--enable-smoke-test-driver'] : []),
  ];
  const group = startGroup(process.execPath, args, {
    env: serverEnvironment(options.env ?? {}),
  });
  group.stdout.pipe(log, { end: false });
  group.stderr.pipe(log, { end: false });
  const stop = async () => {
    await group.stop(1000);
    log.end();
  };
  try {
    await waitUntilReady(group, port, logFile);
  } catch (error) {
    await stop();
    throw error;
  }
  const url = (query: Record<string, string> = {}) =>
    `http://127.0.0.1:${port}/?${new URLSearchParams({ folder: options.folder, ...query })}`;
  return { port, url, writeSettings, logFile, exited: group.exited, stop };
}

/** What npm and a test runner leave in the environment is no business of the editor's. */
function serverEnvironment(added: Record<string, string>): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|VITEST|VSCODE_|NODE_ENV$|NODE_OPTIONS$|TEST$|FORCE_COLOR$|NO_COLOR$)/.test(name),
  );
  return { ...Object.fromEntries(own), ...added };
}

/** Returns a port that was free a moment ago; says who to ask where the wanted one is taken. */
async function claimPort(wanted: number): Promise<number> {
  return await new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE'
          ? 'another program listens there. End it, or choose another with --port N'
          : `${error.message}. Choose another with --port N`;
      reject(new SetupError(`Port ${wanted} cannot be used: ${why}.`));
    });
    probe.listen(wanted, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : wanted;
      probe.close(() => resolve(port));
    });
  });
}

async function waitUntilReady(group: ProcessGroup, port: number, logFile: string): Promise<void> {
  const deadline = Date.now() + readyWithinMs;
  let ended = false;
  group.exited.then(
    () => {
      ended = true;
    },
    () => {
      ended = true;
    },
  );
  while (Date.now() < deadline && !ended) {
    const answer = await fetch(`http://127.0.0.1:${port}/version`).catch(() => null);
    if (answer?.ok) return;
    await sleep(100);
  }
  const what = ended ? 'ended at once' : `did not answer within ${readyWithinMs / 1000} s`;
  throw new SetupError(`The VS Code server ${what}. Its last words are in ${logFile}`);
}
