import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { writeIfChanged } from './lib/files.ts';
import { projectRoot } from './lib/root.mjs';

const header =
  '// Written by scripts/generate.ts before every build, type check and test; not kept in git.\n\n';

/**
 * Writes the two modules that follow from which files there are: the text of every kernel, and the list of
 * algorithms that can plan. Leaves a file alone where nothing changed, so that watchers stay quiet.
 */
export function generate(root = projectRoot): void {
  writeIfChanged(join(root, 'src/plans/kernelSources.generated.ts'), kernelSources(join(root, 'kernels')));
  writeIfChanged(
    join(root, 'src/plans/algorithms.generated.ts'),
    planBuilders(join(root, 'src/plans/algorithms')),
  );
}

function kernelSources(kernels: string): string {
  const files = filesBelow(kernels, '.wesl');
  const entries = files.map((file) => {
    const text = readFileSync(join(kernels, file), 'utf8').replaceAll('\r\n', '\n');
    return `  ${JSON.stringify(file.replace(/\.wesl$/, ''))}: ${JSON.stringify(text)},\n`;
  });
  return (
    `${header}/** Every WESL file below kernels/, by its path there without ending. */\n` +
    `export const kernelSources: Readonly<Record<string, string>> = {\n${entries.join('')}};\n`
  );
}

function planBuilders(algorithms: string): string {
  const files = filesBelow(algorithms, '.ts').filter((file) => !file.includes('/'));
  const names = files.map((file) => basename(file, '.ts'));
  const imports = names.map((name, i) => `import { plan as plan${i} } from './algorithms/${name}.ts';\n`);
  const entries = names.map((name, i) => `  ${JSON.stringify(name)}: plan${i},\n`);
  return (
    `${header}${imports.join('')}\n/** The plan builder of every file in algorithms/, by its name. */\n` +
    `export const planBuilders = {\n${entries.join('')}} as const;\n`
  );
}

/** Paths below a folder, with slashes, sorted. */
function filesBelow(folder: string, ending: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith(ending))
    .map((file) => file.replaceAll('\\', '/'))
    .sort();
}

if (import.meta.main) generate();
