import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Floors of the house, lowest first; folders on one floor do not import each other. */
const floors: Record<string, number> = {
  attention: 1,
  shapes: 2,
  plans: 2,
  gpu: 3,
  host: 4,
  profiler: 5,
  editor: 6,
  panel: 6,
  cli: 6,
};

/** What the editor and the page share: the messages, and the empty page they arrive in. */
const sharedWithEditor = ['src/panel/protocol.ts', 'src/panel/messages.ts', 'src/panel/html.ts'];

/** Packages and globals that a floor may know; every other bare import is refused. */
const packages: Record<string, RegExp> = {
  attention: /^$/,
  shapes: /^$/,
  plans: /^wesl\/core$/,
  gpu: /^$/,
  host: /^(node:.+|vscode-jsonrpc\/node(\.js)?|valibot|web-tree-sitter)$/,
  profiler: /^valibot$/,
  editor: /^(node:.+|vscode|valibot)$/,
  panel: /^(valibot|chart\.js(\/.+)?|chartjs-plugin-.+|@vscode-elements\/.+)$/,
  cli: /^(node:.+|commander|valibot)$/,
};

const files = globSync('src/*/**/*.ts').filter((file) => !file.endsWith('.d.ts'));

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  // Statements begin a line; the words also stand in code that reads other code.
  const statements = text.matchAll(/^(?:import|export)\b[^;']*\bfrom\s*'([^']+)'|^import\s*'([^']+)'/gm);
  const calls = text.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g);
  return [...statements, ...calls].map((match) => match[1] ?? match[2]!);
}

const folderOf = (file: string) => file.split('/')[1]!;

describe('the floors of the house', () => {
  it('hold every folder of src', () => {
    expect(files.length).toBeGreaterThan(20);
    expect([...new Set(files.map(folderOf))].filter((folder) => !(folder in floors))).toEqual([]);
  });

  it('import only from floors below', () => {
    const wrong = files.flatMap((file) =>
      importsOf(file)
        .filter((path) => path.startsWith('.'))
        .map((path) => normalize(join(dirname(file), path)))
        .filter((target) => target.startsWith('src/'))
        .filter((target) => {
          const from = folderOf(file);
          const to = folderOf(target);
          if (from === to || (from === 'editor' && sharedWithEditor.includes(target))) return false;
          return !(floors[to]! < floors[from]!);
        })
        .map((target) => `${file} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('know only the packages that are theirs', () => {
    const wrong = files.flatMap((file) =>
      importsOf(file)
        .filter((path) => !path.startsWith('.') && !packages[folderOf(file)]!.test(path))
        .map((path) => `${file} imports ${path}`),
    );
    expect(wrong).toEqual([]);
  });

  it('keep Node and the page out of the pure floors', () => {
    const pure = files.filter((file) => /^src\/(attention|shapes|plans|profiler)\//.test(file));
    const wrong = pure.filter((file) =>
      /\b(process\.|Buffer\.|require\(|navigator\.|(window|document)\.(createElement|body|location|addEventListener))/.test(
        readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, ''),
      ),
    );
    expect(wrong).toEqual([]);
  });
});
