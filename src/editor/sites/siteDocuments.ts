import {
  type CancellationToken,
  Disposable,
  type NotebookDocument as EditorNotebook,
  Range,
  type TextDocument,
  type TextDocumentChangeEvent,
  workspace,
} from 'vscode';
import type { PythonDocument } from '../../shapes/python/document.ts';
import type { NotebookDocument } from '../../shapes/python/notebook.ts';
import type { SyntaxEdit } from '../../shapes/python/syntax.ts';
import type { AttentionSite } from '../../shapes/site.ts';
import type { Log } from '../log.ts';
import { syntaxEdits } from './edits.ts';
import { LazyPythonReader, mayCallAttention, type PythonReader } from './pythonParser.ts';

/** Longer texts are left alone, characters. */
export const longestText = 2 ** 20;

/** Documents whose trees are kept at a time. */
const mostKept = 16;

const cellScheme = 'vscode-notebook-cell';

interface KeptFile {
  python: PythonDocument;
  version: number;
  /** Edits since the tree was made; null where they are not all known. */
  edits: SyntaxEdit[] | null;
}

interface KeptNotebook {
  notebook: NotebookDocument;
  /** Versions of its cells: a cell's text may change without the notebook's own version. */
  state: string;
}

/**
 * The call sites of open Python documents and notebooks. A tree is made when a document is first asked about, follows
 * its edits, and goes with it; nothing is parsed while text is typed, only when somebody asks.
 */
export class SiteDocuments implements Disposable {
  private readonly reader: LazyPythonReader;
  private readonly log: Log;
  private readonly files = new Map<string, KeptFile>();
  private readonly notebooks = new Map<string, KeptNotebook>();
  private readonly subscription: Disposable;
  private broken = false;

  /** @param distFolder where the grammar's wasm files lie */
  constructor(distFolder: string, log: Log) {
    this.reader = new LazyPythonReader(distFolder);
    this.log = log;
    this.subscription = Disposable.from(
      workspace.onDidChangeTextDocument((event) => this.changed(event)),
      workspace.onDidCloseTextDocument(({ uri }) => this.forgetFile(uri.toString())),
      workspace.onDidCloseNotebookDocument(({ uri }) => this.forgetNotebook(uri.toString())),
    );
  }

  /** All call sites of a document in the order of its text; none where it is cancelled. */
  sites(document: TextDocument, token?: CancellationToken): Promise<readonly AttentionSite[]> {
    return this.ask(document, token, (python) => python.sites());
  }

  /** The call sites that a line (from 0) is part of; no more of a file than the function around it is read. */
  sitesAt(
    document: TextDocument,
    line: number,
    token?: CancellationToken,
  ): Promise<readonly AttentionSite[]> {
    return this.ask(document, token, (python) => python.sitesNear(line + 1)).then((sites) =>
      sites.filter((site) => site.line <= line + 1 && line + 1 <= site.endLine),
    );
  }

  /** The call sites of a text that is no open document; the tree is not kept. */
  async sitesOfText(text: string): Promise<AttentionSite[]> {
    const reader = await this.read();
    if (!reader || text.length > longestText) return [];
    const python = new reader.PythonDocument(reader.parser, text);
    try {
      return python.sites();
    } finally {
      python.dispose();
    }
  }

  /** The same for the text of an `.ipynb` file. */
  async sitesOfNotebook(text: string): Promise<AttentionSite[]> {
    const reader = await this.read();
    const cells = reader?.cellsOf(text);
    if (!reader || !cells || lengthOf(cells) > longestText) return [];
    const notebook = new reader.NotebookDocument(reader.parser, cells);
    try {
      return notebook.sites();
    } finally {
      notebook.dispose();
    }
  }

  private async ask(
    document: TextDocument,
    token: CancellationToken | undefined,
    of: (python: PythonDocument) => AttentionSite[],
  ): Promise<readonly AttentionSite[]> {
    const isKept = this.files.has(document.uri.toString());
    // A cell's names come from others, a file's from itself.
    if (!isKept && document.uri.scheme !== cellScheme && !mayCallAttention(document.getText())) return [];
    const reader = await this.read();
    if (!reader || token?.isCancellationRequested || document.isClosed) return [];
    if (document.uri.scheme === cellScheme) return this.sitesOfCell(reader, document);
    const python = this.file(reader, document);
    return python ? of(python) : [];
  }

  private async read(): Promise<PythonReader | null> {
    if (this.broken) return null;
    try {
      return await this.reader.get();
    } catch (error) {
      this.broken = true;
      this.log.warn(`call sites: the grammar of Python did not load: ${String(error)}`);
      return null;
    }
  }

  private file({ parser, PythonDocument }: PythonReader, document: TextDocument): PythonDocument | null {
    const key = document.uri.toString();
    const known = this.files.get(key);
    if (known?.version === document.version) return known.python;
    const text = document.getText();
    if (text.length > longestText) {
      this.forgetFile(key);
      return null;
    }
    this.files.delete(key);
    const python = known?.python ?? new PythonDocument(parser, text);
    if (known) python.update(text, known.edits ?? []);
    this.files.set(key, { python, version: document.version, edits: [] });
    for (const oldest of this.files.keys()) {
      if (this.files.size <= mostKept) break;
      this.forgetFile(oldest);
    }
    return python;
  }

  private sitesOfCell(
    { parser, NotebookDocument }: PythonReader,
    document: TextDocument,
  ): readonly AttentionSite[] {
    const editor = workspace.notebookDocuments.find((each) =>
      each.getCells().some((cell) => cell.document === document),
    );
    if (!editor) return [];
    const cells = editor.getCells();
    const index = cells.findIndex((cell) => cell.document === document);
    const key = editor.uri.toString();
    const state = cells.map((cell) => `${cell.document.uri.fragment}:${cell.document.version}`).join();
    const known = this.notebooks.get(key);
    if (known?.state !== state) {
      const texts = textsOf(editor);
      if (lengthOf(texts) > longestText) return [];
      const notebook = known?.notebook ?? new NotebookDocument(parser, texts);
      if (known) notebook.update(texts);
      this.notebooks.set(key, { notebook, state });
    }
    return this.notebooks
      .get(key)!
      .notebook.sites()
      .filter(({ cell }) => cell === index);
  }

  private changed({ document, contentChanges }: TextDocumentChangeEvent): void {
    if (contentChanges.length === 0) return;
    const known = this.files.get(document.uri.toString());
    if (!known?.edits) return;
    known.edits.push(...syntaxEdits(contentChanges));
    // So many edits are as good as a new text.
    if (known.edits.length > 1000) known.edits = null;
  }

  private forgetFile(key: string): void {
    this.files.get(key)?.python.dispose();
    this.files.delete(key);
  }

  private forgetNotebook(key: string): void {
    this.notebooks.get(key)?.notebook.dispose();
    this.notebooks.delete(key);
  }

  dispose(): void {
    this.subscription.dispose();
    for (const key of [...this.files.keys()]) this.forgetFile(key);
    for (const key of [...this.notebooks.keys()]) this.forgetNotebook(key);
    this.reader.dispose();
  }
}

function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.length, 0);
}

/** The cells' Python, in order; cells of another language and text are empty. */
function textsOf(notebook: EditorNotebook): string[] {
  return notebook
    .getCells()
    .map(({ document }) => (document.languageId === 'python' ? document.getText() : ''));
}

/** Where a site stands in its document. */
export function rangeOf({ line, column, endLine, endColumn }: AttentionSite): Range {
  return new Range(line - 1, column, endLine - 1, endColumn);
}
