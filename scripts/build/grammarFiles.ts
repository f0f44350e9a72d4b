import { join } from 'node:path';
import { linkOrCopy } from '../lib/files.ts';
import { projectRoot } from '../lib/root.mjs';

/** The parser and the grammar of Python, 0.65 MB together, which no bundle holds. */
const grammarFiles = ['web-tree-sitter/web-tree-sitter.wasm', 'tree-sitter-python/tree-sitter-python.wasm'];

/** Puts the wasm files of the parser beside the bundles. */
export function placeGrammarFiles(dist: string): void {
  for (const file of grammarFiles) {
    linkOrCopy(join(projectRoot, 'node_modules', file), join(dist, file.slice(file.indexOf('/') + 1)));
  }
}
