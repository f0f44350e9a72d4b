import { readFileSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { longestPython, PythonDocument } from '../shapes/python/document.ts';
import { cellsOf, NotebookDocument } from '../shapes/python/notebook.ts';
import type { SyntaxParser } from '../shapes/python/syntax.ts';
import type { AttentionSite } from '../shapes/site.ts';
import { findTextSites } from '../shapes/text/findTextSites.ts';
import { modelConfigSites } from './configSites.ts';
import type { CommandContext } from './services.ts';
import { resolveFrom } from './shapesModules.ts';
import { sitesText } from './shapesText.ts';
import { styleFor } from './style.ts';
import { quote, WrongUse } from './wrongUse.ts';

/** A site and the file that it stands in, as named on the command line. */
export interface FileSite extends AttentionSite {
  file: string;
}

/** Lists the attention call sites of files: Python and notebooks as code, other languages and tables as text. */
export async function runShapes(
  files: readonly string[],
  flags: { json?: boolean },
  { services, terminal, signal }: CommandContext,
): Promise<void> {
  const texts = files.map((file) => ({ file, text: readSource(file) }));
  const parser = texts.some(({ file }) => /\.(pyi?|ipynb)$/i.test(file))
    ? await services.pythonParser()
    : null;
  const sites: FileSite[] = [];
  try {
    for (const { file, text } of texts) {
      signal.throwIfAborted();
      for (const site of sitesOf(file, text, parser)) sites.push({ file, ...site });
    }
  } finally {
    parser?.delete();
  }
  await terminal.out.write(
    flags.json ? `${JSON.stringify(sites, null, 2)}\n` : sitesText(files, sites, styleFor(terminal)),
  );
}

function sitesOf(file: string, text: string, parser: SyntaxParser | null): AttentionSite[] {
  if (parser && /\.ipynb$/i.test(file)) {
    const cells = cellsOf(text);
    if (!cells) throw new WrongUse(`${quote(file)} is no notebook: it has no list of cells`);
    const notebook = new NotebookDocument(parser, cells, { resolve: resolveFrom(dirname(file), parser) });
    try {
      return notebook.sites();
    } finally {
      notebook.dispose();
    }
  }
  if (parser && /\.pyi?$/i.test(file)) {
    const document = new PythonDocument(parser, text, { resolve: resolveFrom(dirname(file), parser) });
    try {
      return document.sites();
    } finally {
      document.dispose();
    }
  }
  const layers = /\.json$/i.test(file) ? modelConfigSites(file, text) : null;
  return layers ?? findTextSites(text, basename(file));
}

function readSource(file: string): string {
  try {
    if (statSync(file).size > 4 * longestPython) {
      throw new WrongUse(`${quote(basename(file))} is larger than ${(4 * longestPython) / 2 ** 20} MiB`);
    }
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof WrongUse) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    const why =
      code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : String(code);
    throw new WrongUse(`${quote(file)} cannot be read: ${why}`);
  }
}
