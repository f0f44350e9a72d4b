import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { isAbsolute } from 'node:path';
import { extensions, type Uri } from 'vscode';
import { settingsSection } from '../contributions.ts';

/** A Python that can run the probe. */
export interface Interpreter {
  path: string;
  /** `3.11.7` */
  version: string;
}

const oldest: [number, number] = [3, 8];
const timeLimitMs = 10_000;

/**
 * The Python of a file: the setting's, else the one that the Python extension has chosen for the file, else
 * `python3` or `python` on the PATH. Rejects with what to do. Call it in a trusted workspace only: a Python
 * environment can lie in the workspace.
 */
export async function findInterpreter(setting: string, resource: Uri | undefined): Promise<Interpreter> {
  if (setting !== '') {
    if (!isAbsolute(setting))
      throw new Error(`the setting ${settingsSection}.pythonPath is not an absolute path: ${setting}`);
    return versioned(setting);
  }
  const chosen = await fromPythonExtension(resource);
  if (chosen !== null) return versioned(chosen);
  const reasons: string[] = [];
  for (const path of process.platform === 'win32' ? ['python', 'py'] : ['python3', 'python']) {
    try {
      return await versioned(path);
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  const found = reasons.find((reason) => /needs Python/.test(reason));
  throw new Error(found ?? `no Python was found: name one in the setting ${settingsSection}.pythonPath`);
}

/** The Python with its version; rejects where it cannot run or is too old. Nothing of the workspace runs for it. */
async function versioned(path: string): Promise<Interpreter> {
  const code = 'import sys; print("%d.%d.%d" % sys.version_info[:3])';
  const said = await new Promise<string>((resolve, reject) => {
    const options = { timeout: timeLimitMs, cwd: tmpdir(), encoding: 'utf8' as const };
    execFile(path, ['-I', '-S', '-c', code], options, (error, stdout) => {
      if (error) reject(new Error(`${path} cannot be run: ${error.message.split('\n')[0]}`));
      else resolve(stdout.trim());
    });
  });
  const [, major, minor] = /^(\d+)\.(\d+)\.\d+$/.exec(said) ?? [];
  if (major === undefined) throw new Error(`${path} is no Python: it does not say its version`);
  if (Number(major) < oldest[0] || (Number(major) === oldest[0] && Number(minor) < oldest[1])) {
    throw new Error(`recording needs Python ${oldest.join('.')} or newer, ${path} is ${said}`);
  }
  return { path, version: said };
}

/** What is used of the Python extension's API. */
interface PythonApi {
  environments?: {
    getActiveEnvironmentPath(resource?: Uri): { path: string };
    resolveEnvironment(path: { path: string }): Promise<{ executable?: { uri?: Uri } } | undefined>;
  };
}

/** The interpreter chosen for a file; null where that extension is not there, or has none. */
async function fromPythonExtension(resource: Uri | undefined): Promise<string | null> {
  const extension = extensions.getExtension<PythonApi>('ms-python.python');
  if (!extension) return null;
  try {
    const { environments } = await inTime(Promise.resolve(extension.activate()));
    if (!environments) return null;
    const environment = await inTime(
      environments.resolveEnvironment(environments.getActiveEnvironmentPath(resource)),
    );
    return environment?.executable?.uri?.fsPath ?? null;
  } catch {
    // It may be of another age, or still be looking for environments.
    return null;
  }
}

function inTime<T>(promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no answer in time')), timeLimitMs);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
