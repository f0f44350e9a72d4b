import type { TextDocumentContentChangeEvent } from 'vscode';
import type { SyntaxEdit } from '../../shapes/python/syntax.ts';

/**
 * The changes of one event as the parser takes them, one after the other. VS Code gives all places in the text before
 * the event; from the last to the first each still stands where it says when its turn comes.
 */
export function syntaxEdits(changes: readonly TextDocumentContentChangeEvent[]): SyntaxEdit[] {
  return [...changes]
    .sort((a, b) => b.rangeOffset - a.rangeOffset)
    .map(({ range, rangeOffset, rangeLength, text }) => {
      const lines = text.split(/\r\n|\r|\n/);
      const last = lines.at(-1)!.length;
      const rows = lines.length - 1;
      const { start, end } = range;
      return {
        startIndex: rangeOffset,
        oldEndIndex: rangeOffset + rangeLength,
        newEndIndex: rangeOffset + text.length,
        startPosition: { row: start.line, column: start.character },
        oldEndPosition: { row: end.line, column: end.character },
        newEndPosition: { row: start.line + rows, column: rows === 0 ? start.character + last : last },
      };
    });
}
