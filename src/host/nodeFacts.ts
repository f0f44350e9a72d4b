import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import * as v from 'valibot';
import type { RuntimeFacts, RuntimeProbe } from './nodeRuntime.ts';

const probeTimeoutMs = 10_000;

/** Gathers what this process can run the GPU process with. Reads the file system, starts nothing. */
export function gatherRuntimeFacts(setting: string | null, distFolder: string): RuntimeFacts {
  const executable = process.platform === 'win32' ? 'node.exe' : 'node';
  const shipped = [join(distFolder, 'node', executable), join(distFolder, 'node', 'bin', executable)];
  return {
    current: {
      path: process.execPath,
      node: process.versions.node,
      electron: process.versions.electron ?? null,
    },
    setting,
    shipped: shipped.find(isExecutable) ?? null,
    onPath: searchFolders()
      .map((folder) => join(folder, executable))
      .filter(isExecutable),
  };
}

/**
 * Asks an executable what it is. `--version` would not tell Electron from Node, nor a shim from the file
 * that it starts; an expression of Node's own does.
 */
export function probeRuntime(path: string): Promise<RuntimeProbe> {
  if (!isAbsolute(path)) return Promise.resolve({ ok: false, reason: 'the path is not absolute' });
  if (!isExecutable(path)) return Promise.resolve({ ok: false, reason: 'there is no such executable file' });
  const question =
    'JSON.stringify({path: process.execPath, node: process.versions.node, electron: process.versions.electron || null})';
  const env: NodeJS.ProcessEnv = { ...process.env, ELECTRON_RUN_AS_NODE: '1' };
  delete env.NODE_OPTIONS;
  return new Promise((resolve) => {
    const options = { env, timeout: probeTimeoutMs, killSignal: 'SIGKILL', windowsHide: true } as const;
    execFile(path, ['-p', question], options, (error, stdout) => {
      if (error) {
        const late = error.killed ? `no answer within ${probeTimeoutMs / 1000} s` : error.message;
        resolve({ ok: false, reason: `it does not run as Node (${late.split('\n', 1)[0]})` });
      } else {
        resolve(readAnswer(stdout));
      }
    });
  });
}

const answer = v.object({ path: v.string(), node: v.string(), electron: v.nullable(v.string()) });

function readAnswer(stdout: string): RuntimeProbe {
  try {
    return { ok: true, ...v.parse(answer, JSON.parse(stdout)) };
  } catch {
    return { ok: false, reason: 'it does not answer as Node does' };
  }
}

/** PATH, and where installers put Node: editors that are started from a desktop often see a shorter PATH. */
function searchFolders(): string[] {
  const usual = process.platform === 'win32' ? [] : ['/usr/local/bin', '/opt/homebrew/bin', '/usr/bin'];
  // A relative entry would name a different file in every workspace.
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...usual].filter(isAbsolute);
  return [...new Set(folders)];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
