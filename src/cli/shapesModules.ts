import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ResolveModule } from '../shapes/python/analysis.ts';
import { Source } from '../shapes/python/source.ts';
import type { SyntaxParser } from '../shapes/python/syntax.ts';

/** Modules larger than this are not read for a default. */
const largestModule = 2 ** 20;
/** Folders above the file that are searched for an absolute import of its own project. */
const mostFolders = 6;

/**
 * Finds what a file imports from its own project beside it: relative imports, and absolute ones whose path ends in a
 * folder above. The trees live as long as the process that runs one command.
 *
 * @param folder where the importing file lies
 */
export function resolveFrom(folder: string, parser: SyntaxParser): ResolveModule {
  return (path) => {
    const dots = /^\.*/.exec(path)![0].length;
    const parts = path
      .slice(dots)
      .split('.')
      .filter((part) => part !== '');
    if (parts.length === 0 || parts.some((part) => !/^\w+$/.test(part))) return null;
    for (const base of foldersFrom(folder, dots)) {
      const source = readModule(join(base, `${join(...parts)}.py`), parser);
      if (source) return source;
    }
    return null;
  };
}

function* foldersFrom(folder: string, dots: number): Generator<string> {
  let at = folder;
  for (let up = 1; up < dots; up++) at = join(at, '..');
  yield at;
  if (dots > 0) return;
  for (let up = 0; up < mostFolders && dirname(join(at, '.')) !== at; up++) {
    at = join(at, '..');
    yield at;
  }
}

function readModule(file: string, parser: SyntaxParser): Source | null {
  try {
    const { size } = statSync(file);
    if (size > largestModule) return null;
    const text = readFileSync(file, 'utf8');
    const tree = parser.parse(text);
    if (!tree) return null;
    const source = new Source(file);
    source.update(text, tree);
    return source;
  } catch {
    return null;
  }
}
