import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { SyntaxParser } from '../../shapes/python/syntax.ts';
import type * as reader from './pythonReader.ts';

/** Words of which one is in every text that calls attention, also under another name. */
const words = /att(e)?n|sdpa|softmax|flash|multi_?head|mha|einsum|dot_product|sage/i;

/** Whether a text is worth parsing; cheap, and true for many that call no attention. */
export function mayCallAttention(text: string): boolean {
  return words.test(text);
}

/** What reads Python: the grammar, and the analysis that works on its trees. */
export interface PythonReader extends Omit<typeof reader, 'loadPythonParser'> {
  parser: SyntaxParser;
}

/** Loads the reader when the first Python document asks for it, and once. */
export class LazyPythonReader {
  private readonly folder: string;
  private loading: Promise<PythonReader> | null = null;
  private disposed = false;

  /** @param folder where the reader's bundle and the grammar's wasm files lie */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** Rejects where the files of the extension are broken, every time. */
  get(): Promise<PythonReader> {
    this.loading ??= this.load();
    return this.loading;
  }

  private async load(): Promise<PythonReader> {
    const bundle = pathToFileURL(join(this.folder, 'pythonReader.mjs')).href;
    const { loadPythonParser, ...rest }: typeof reader = await import(bundle);
    const parser = await loadPythonParser(this.folder);
    if (this.disposed) parser.delete();
    return { parser, ...rest };
  }

  dispose(): void {
    this.disposed = true;
    void this.loading?.then(
      ({ parser }) => parser.delete(),
      () => undefined,
    );
  }
}
