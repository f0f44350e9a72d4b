import {
  type DecorationOptions,
  Disposable,
  MarkdownString,
  OverviewRulerLane,
  Range,
  type TextDocument,
  type TextEditor,
  type TextEditorDecorationType,
  ThemeColor,
  type Uri,
  window,
  workspace,
} from 'vscode';
import type { KernelAnnotation } from './kernelAnnotations.ts';

/** What is on show for a kernel, and which manifest it was run with. */
interface Shown {
  annotations: readonly KernelAnnotation[];
  manifest: string;
}

/** Writes counts behind the lines of kernels, until the kernel or its manifest is edited. */
export class KernelDecorations implements Disposable {
  private readonly types: Record<KernelAnnotation['kind'], TextEditorDecorationType>;
  private readonly shown = new Map<string, Shown>();
  private readonly listeners: Disposable;
  private readonly onChange: (any: boolean) => void;

  constructor(onChange: (any: boolean) => void) {
    this.onChange = onChange;
    // Slanted, so that it is no code at a glance: some themes give both one colour.
    const behind = { margin: '0 0 0 3em', fontStyle: 'italic' };
    const plain = { after: { ...behind, color: new ThemeColor('descriptionForeground') } };
    const hot = new ThemeColor('list.warningForeground');
    this.types = {
      total: window.createTextEditorDecorationType(plain),
      line: window.createTextEditorDecorationType(plain),
      hot: window.createTextEditorDecorationType({
        after: { ...behind, color: hot },
        overviewRulerColor: new ThemeColor('editorOverviewRuler.warningForeground'),
        overviewRulerLane: OverviewRulerLane.Right,
      }),
    };
    this.listeners = Disposable.from(
      ...Object.values(this.types),
      window.onDidChangeVisibleTextEditors((editors) => {
        for (const editor of editors) this.draw(editor);
      }),
      workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.length > 0) this.forget(document.uri);
      }),
      workspace.onDidCloseTextDocument(({ uri }) => this.drop(uri.toString())),
    );
  }

  show(kernel: TextDocument, manifest: Uri, annotations: readonly KernelAnnotation[]): void {
    this.shown.set(kernel.uri.toString(), { annotations, manifest: manifest.toString() });
    this.redraw(kernel.uri.toString());
    this.onChange(true);
  }

  /** What stands behind the lines of a kernel now. */
  of(kernel: Uri): readonly KernelAnnotation[] {
    return this.shown.get(kernel.toString())?.annotations ?? [];
  }

  clear(): void {
    for (const kernel of [...this.shown.keys()]) this.drop(kernel);
  }

  dispose(): void {
    this.listeners.dispose();
    this.shown.clear();
  }

  /** Numbers do not outlive the text that they are about. */
  private forget(changed: Uri): void {
    const uri = changed.toString();
    for (const [kernel, { manifest }] of this.shown) {
      if (kernel === uri || manifest === uri) this.drop(kernel);
    }
  }

  private drop(kernel: string): void {
    if (!this.shown.delete(kernel)) return;
    this.redraw(kernel);
    this.onChange(this.shown.size > 0);
  }

  private redraw(kernel: string): void {
    for (const editor of window.visibleTextEditors) {
      if (editor.document.uri.toString() === kernel) this.draw(editor);
    }
  }

  private draw(editor: TextEditor): void {
    const { document } = editor;
    const annotations = this.of(document.uri);
    for (const [kind, type] of Object.entries(this.types)) {
      const options = annotations
        .filter((each) => each.kind === kind && each.line < document.lineCount)
        .map((each) => optionsOf(each, document));
      editor.setDecorations(type, options);
    }
  }
}

function optionsOf({ line, text, hover }: KernelAnnotation, document: TextDocument): DecorationOptions {
  const { range } = document.lineAt(line);
  return {
    // Of the whole line, so that the hover comes over its code as well.
    range: new Range(range.start, range.end),
    hoverMessage: new MarkdownString(hover),
    renderOptions: { after: { contentText: text } },
  };
}
