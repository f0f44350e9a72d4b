import { createRequire } from 'node:module';
import { Language, Parser } from 'web-tree-sitter';
import type { SyntaxParser } from '../../src/shapes/python/syntax.ts';

/** A parser for Python from the packages in `node_modules`, for scripts and tests. */
export async function pythonParser(): Promise<SyntaxParser> {
  const require = createRequire(import.meta.url);
  await Parser.init();
  const python = await Language.load(require.resolve('tree-sitter-python/tree-sitter-python.wasm'));
  const parser = new Parser();
  parser.setLanguage(python);
  return parser as unknown as SyntaxParser;
}
