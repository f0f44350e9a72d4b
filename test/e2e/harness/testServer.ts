import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../../scripts/lib/root.mjs';
import { installVsCodeServer } from '../../../scripts/vscode-server/install.ts';
import { linkOwnExtension } from '../../../scripts/vscode-server/ownExtension.ts';
import { startVsCodeServer, type VsCodeServer } from '../../../scripts/vscode-server/server.ts';
import { quietSettings } from '../../../scripts/vscode-server/settings.ts';
import { type Theme, themes } from './themes.ts';

/** The sample files that come with the project; opened by every test that names no other folder. */
export const sampleWorkspace = join(projectRoot, 'test', 'workspace');

export interface TestServerOptions {
  /** Absolute. Default: the sample workspace. */
  folder?: string;
  /** False opens the folder in Restricted Mode. Default true. */
  trust?: boolean;
  /**
   * How the extension gets in. `installed`, the default, is what users have, notification toasts included.
   * `development` lets the page load it from the checkout and run extension tests; it hides toasts.
   * A package is installed by VS Code's own installer.
   */
  extension?: 'installed' | 'development' | { vsix: string };
  /** Further extensions, folders beside this file. */
  helpers?: readonly string[];
  theme?: Theme;
  settings?: Readonly<Record<string, unknown>>;
  env?: Record<string, string>;
}

/** Starts a VS Code server with fresh user data, which `stop` removes again. */
export async function startTestServer(options: TestServerOptions = {}): Promise<VsCodeServer> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'attnprof-vscode-'));
  const extensions = join(dataFolder, 'extensions');
  const remove = () => rmSync(dataFolder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  try {
    if (typeof options.extension === 'object') await installPackage(options.extension.vsix, dataFolder);
    else if (options.extension !== 'development') linkOwnExtension(extensions);
    for (const helper of ['theme-helper', ...(options.helpers ?? [])]) {
      const target = join(extensions, `attention-profiler-tests.${helper}-1.0.0`);
      cpSync(join(import.meta.dirname, helper), target, { recursive: true });
    }
    const server = await startVsCodeServer({
      folder: options.folder ?? sampleWorkspace,
      dataFolder,
      trust: options.trust ?? true,
      developmentPages: options.extension === 'development',
      settings: {
        ...quietSettings,
        'workbench.colorTheme': themes[options.theme ?? 'dark'].setting,
        ...options.settings,
      },
      ...(options.env === undefined ? {} : { env: options.env }),
    });
    return {
      ...server,
      stop: async () => {
        await server.stop();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

async function installPackage(vsix: string, dataFolder: string): Promise<void> {
  await promisify(execFile)(process.execPath, [
    await installVsCodeServer(),
    ...['--install-extension', vsix, '--force', '--accept-server-license-terms'],
    ...['--extensions-dir', join(dataFolder, 'extensions'), '--user-data-dir', join(dataFolder, 'user-data')],
    ...['--server-data-dir', join(dataFolder, 'server-data')],
  ]);
}

/** The query with which a page of a `development` server loads the extension of this checkout. */
export function developmentQuery(server: VsCodeServer, testsPath?: string): Record<string, string> {
  const remote = (path: string) => `vscode-remote://127.0.0.1:${server.port}${path}`;
  const payload = [['extensionDevelopmentPath', remote(projectRoot)]];
  if (testsPath !== undefined) payload.push(['extensionTestsPath', remote(testsPath)]);
  return { payload: JSON.stringify(payload) };
}
