/** How a text is read. */
export type TextKind = 'script' | 'c' | 'json' | 'yaml' | 'toml' | 'markdown' | 'plain' | 'none';

/** By language identifier of the editor, by the name behind a Markdown fence, and by ending of the file name. */
const kinds: Record<Exclude<TextKind, 'none'>, string> = {
  script: 'typescript typescriptreact javascript javascriptreact ts tsx js jsx mjs cjs mts cts svelte vue',
  c: 'c cpp cuda-cpp cuda cu cuh cc cxx h hpp hh hip objective-cpp c++ metal mm',
  json: 'json jsonc json5 jsonl ndjson',
  yaml: 'yaml yml dockercompose',
  toml: 'toml ini properties cfg conf env dotenv',
  markdown: 'markdown md mdx rmd qmd',
  plain: 'plaintext txt text log rst restructuredtext latex tex csv tsv',
};

const byName = new Map<string, TextKind>(
  Object.entries(kinds).flatMap(([kind, names]) => names.split(' ').map((name) => [name, kind as TextKind])),
);
/** Languages that have an analysis of their own. */
for (const name of ['python', 'py', 'pyi', 'ipynb', 'notebook', 'jupyter']) byName.set(name, 'none');

/** The kind of a language identifier or a file name; a name that nobody knows is read as plain text. */
export function kindOf(languageOrFile: string): TextKind {
  const name = languageOrFile.slice(-300).toLowerCase();
  const direct = byName.get(name);
  if (direct) return direct;
  const ending = /\.([a-z0-9+]{1,12})$/.exec(name)?.[1];
  return (ending && byName.get(ending)) || 'plain';
}
