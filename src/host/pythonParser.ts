import { join } from 'node:path';
import { Language, Parser } from 'web-tree-sitter';
import type { SyntaxParser } from '../shapes/python/syntax.ts';

/**
 * Loads the Python grammar. About 12 ms and 8 MB, once; the parser is for one thread and lives until it is deleted.
 *
 * @param folder where `web-tree-sitter.wasm` and `tree-sitter-python.wasm` lie
 */
export async function loadPythonParser(folder: string): Promise<SyntaxParser> {
  await Parser.init({ locateFile: (name: string) => join(folder, name) });
  const parser = new Parser();
  parser.setLanguage(await Language.load(join(folder, 'tree-sitter-python.wasm')));
  // The floor below names only what it reads of a tree.
  return parser as unknown as SyntaxParser;
}
