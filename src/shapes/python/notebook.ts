import type { AttentionSite } from '../site.ts';
import type { ResolveModule } from './analysis.ts';
import { Reading } from './document.ts';
import { Source } from './source.ts';
import type { SyntaxParser, SyntaxTree } from './syntax.ts';

/** Cell magics behind which Python goes on; behind any other stands another language. */
const pythonMagic = /^%%(time|timeit|capture|prun|python3?)\b/;

/**
 * A cell as Python of the same length and lines: line magics (`%matplotlib`) and shell lines (`!pip`) become comments,
 * cells of another language become empty.
 */
export function pythonOfCell(text: string): string {
  if (/^\s*%%/.test(text) && !pythonMagic.test(text.trimStart())) return text.replace(/[^\n]/g, ' ');
  return text.replace(/^([ \t]*)[%!](?=[%\w./(])/gm, '$1#');
}

/** The code cells of an `.ipynb` file, in order; null where the text is not one. Other cells keep their index as empty ones. */
export function cellsOf(text: string): string[] | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  const cells = (parsed as { cells?: unknown } | null)?.cells;
  if (!Array.isArray(cells)) return null;
  return cells.map((cell: unknown) => {
    const { cell_type: type, source } = (cell ?? {}) as { cell_type?: unknown; source?: unknown };
    if (type !== 'code') return '';
    const lines = Array.isArray(source) ? source : [source];
    return lines.filter((line) => typeof line === 'string').join('');
  });
}

interface Cell {
  text: string;
  source: Source;
  tree: SyntaxTree | null;
}

/** A notebook: its cells share one namespace, in their order. Only cells that changed are parsed again. */
export class NotebookDocument {
  private readonly parser: SyntaxParser;
  private readonly resolve: ResolveModule;
  private cells: Cell[] = [];
  private found: AttentionSite[] | null = null;

  constructor(parser: SyntaxParser, cells: readonly string[], options: { resolve?: ResolveModule } = {}) {
    this.parser = parser;
    this.resolve = options.resolve ?? (() => null);
    this.update(cells);
  }

  update(texts: readonly string[]): void {
    this.found = null;
    for (const cell of this.cells.splice(texts.length)) cell.tree?.delete();
    for (const [index, text] of texts.entries()) {
      const known = this.cells[index];
      if (known?.text === text) continue;
      const python = pythonOfCell(text);
      const tree = this.parser.parse(python);
      const source = known?.source ?? new Source(null, index);
      if (tree) source.update(python, tree);
      known?.tree?.delete();
      this.cells[index] = { text, source, tree };
    }
  }

  /** All attention call sites, cell by cell; lines count from 1 in each. */
  sites(): AttentionSite[] {
    this.found ??= new Reading(
      this.cells.map(({ source }) => source),
      this.resolve,
    ).sites();
    return this.found;
  }

  dispose(): void {
    for (const { tree } of this.cells) tree?.delete();
    this.cells = [];
  }
}
