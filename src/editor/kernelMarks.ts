import {
  Diagnostic,
  type DiagnosticCollection,
  DiagnosticSeverity,
  type Disposable,
  languages,
  Range,
  type TextDocument,
  workspace,
} from 'vscode';
import type { KernelProblem } from '../plans/userKernel/problem.ts';
import { problemsName } from './contributions.ts';

/** Marks what is wrong in kernels and their manifests, until they are edited. */
export class KernelMarks implements Disposable {
  private readonly diagnostics: DiagnosticCollection;
  private readonly listener: Disposable;

  constructor() {
    this.diagnostics = languages.createDiagnosticCollection(problemsName);
    this.listener = workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (contentChanges.length > 0) this.clear(document);
    });
  }

  clear(...documents: TextDocument[]): void {
    for (const { uri } of documents) this.diagnostics.delete(uri);
  }

  /** Marks the place of a problem; returns the problem in words that name the place. */
  mark(problem: KernelProblem, kernel: TextDocument, manifest: TextDocument): string {
    const { file, line, column, message } = problem;
    const document = file === 'kernel' ? kernel : manifest;
    const at = document.lineAt(Math.min((line ?? 1) - 1, document.lineCount - 1)).range;
    const start =
      column === null ? at.start : at.start.with({ character: Math.min(column - 1, at.end.character) });
    const word = column === null ? undefined : document.getWordRangeAtPosition(start);
    const diagnostic = new Diagnostic(word ?? new Range(start, at.end), message, DiagnosticSeverity.Error);
    diagnostic.source = problemsName;
    this.diagnostics.set(document.uri, [diagnostic]);
    const name = document.uri.path.split('/').at(-1);
    return `${name}${line === null ? '' : `, line ${line}`}: ${message}`;
  }

  dispose(): void {
    this.listener.dispose();
    this.diagnostics.dispose();
  }
}
