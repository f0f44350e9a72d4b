import { type Position, Range, type TextDocument } from 'vscode';
import { findShapes, type LiteralShape } from '../shapes/literals.ts';

/** A shape and where it stands in its document. */
export interface DocumentShape extends Omit<LiteralShape, 'range'> {
  range: Range;
}

/** Lines above and below the cursor that a call may span. */
const reachLines = 10;
/** Characters before and behind the cursor that are read of a long line. */
const reachCharacters = 4000;

/** The shapes near a position, read from a bounded piece of text around it, in the order of the text. */
export function shapesNear(document: TextDocument, position: Position): DocumentShape[] {
  const first = Math.max(0, position.line - reachLines);
  const last = Math.min(document.lineCount - 1, position.line + reachLines);
  const from = Math.max(0, position.character - reachCharacters);
  const lines: string[] = [];
  for (let line = first; line <= last; line++) {
    // The same columns of every line, so that one offset leads back to all of them.
    const text = document.lineAt(line).text;
    lines.push(text.slice(from, position.character + reachCharacters));
  }
  return findShapes(lines.join('\n')).map(({ range, ...shape }) => ({
    ...shape,
    range: new Range(
      first + range.startLine,
      from + range.startColumn,
      first + range.endLine,
      from + range.endColumn,
    ),
  }));
}

/** The shape that a position touches. */
export function shapeAt(document: TextDocument, position: Position): DocumentShape | null {
  return shapesNear(document, position).find(({ range }) => range.contains(position)) ?? null;
}

/** The shape that is meant by a cursor: the one it touches, else the nearest one on its line. */
export function shapeAtCursor(document: TextDocument, position: Position): DocumentShape | null {
  const near = shapesNear(document, position);
  const touched = near.find(({ range }) => range.contains(position));
  if (touched) return touched;
  const onLine = near.filter(
    ({ range }) => range.start.line <= position.line && position.line <= range.end.line,
  );
  const distance = ({ range }: DocumentShape) =>
    Math.min(distanceTo(range.start, position), distanceTo(range.end, position));
  return onLine.sort((a, b) => distance(a) - distance(b))[0] ?? null;
}

function distanceTo(end: Position, position: Position): number {
  return end.line === position.line ? Math.abs(end.character - position.character) : Number.MAX_SAFE_INTEGER;
}

/** The first shape inside a selection. */
export function shapeInText(text: string): LiteralShape | null {
  return findShapes(text)[0] ?? null;
}
