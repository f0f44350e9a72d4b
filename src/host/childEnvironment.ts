import { existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { AdapterSource } from './adapters.ts';

type Environment = Record<string, string | undefined>;

/** What the editor or a test runner sets for itself; a child that inherited it would behave differently. */
const foreign = /^(?:NODE_|ELECTRON_|VSCODE_|VITEST|npm_)/;

/** Variables with which the Vulkan loader is told what drivers exist. */
const driverLists = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES', 'VK_ADD_DRIVER_FILES'];

/** The manifest of the software adapter that ships for Linux on x64. */
export const embeddedManifest = 'vk_swiftshader_icd.json';

export function hasEmbeddedAdapter(embeddedFolder: string, platform: string): boolean {
  return platform === 'linux' && existsSync(join(embeddedFolder, embeddedManifest));
}

/**
 * The environment of a GPU process. Loader and libraries are found when a process starts, hence by
 * environment: `embedded` sees the shipped software adapter alone, `system` everything but that.
 */
export function childEnvironment(
  source: AdapterSource,
  embeddedFolder: string,
  inherited: Environment,
): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [key, value] of Object.entries(inherited)) {
    if (value !== undefined && !foreign.test(key)) result[key] = value;
  }
  // Should the runtime be Electron in spite of all checks, it must not open a window.
  result.ELECTRON_RUN_AS_NODE = '1';

  const libraries = without(result.LD_LIBRARY_PATH, (folder) => same(folder, embeddedFolder));
  if (source === 'embedded') {
    for (const key of driverLists) delete result[key];
    delete result.VK_LOADER_DRIVERS_SELECT;
    delete result.VK_LOADER_DRIVERS_DISABLE;
    result.LD_LIBRARY_PATH = [embeddedFolder, ...libraries].join(delimiter);
    result.VK_ICD_FILENAMES = join(embeddedFolder, embeddedManifest);
    return result;
  }
  setList(result, 'LD_LIBRARY_PATH', libraries);
  for (const key of driverLists) {
    const kept = without(
      result[key],
      (file) => same(file, embeddedFolder) || same(dirname(file), embeddedFolder),
    );
    setList(result, key, kept);
  }
  return result;
}

function without(list: string | undefined, unwanted: (entry: string) => boolean): string[] {
  return (list ?? '').split(delimiter).filter((entry) => entry !== '' && !unwanted(entry));
}

function setList(environment: Record<string, string>, key: string, entries: string[]): void {
  if (entries.length > 0) environment[key] = entries.join(delimiter);
  else delete environment[key];
}

function same(one: string, other: string): boolean {
  return resolved(one) === resolved(other);
}

function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
