import type { Memento, TextEditor } from 'vscode';
import { formatShape } from '../attention/shape.ts';
import { askShape } from './askShape.ts';
import { shapeAtCursor, shapeInText, shapesNear } from './documentShapes.ts';

/** A selection longer than this is not one shape. */
const longestSelection = 100_000;

/** The shape that the selection or the cursor means; asks, filled in with the nearest, where they mean none. */
export async function shapeOfEditor(editor: TextEditor, state: Memento): Promise<string | null> {
  const { document, selection } = editor;
  const at = selection.active;
  const text = selection.isEmpty ? '' : document.getText(selection);
  const meant = text.length > 0 && text.length <= longestSelection ? shapeInText(text) : null;
  const found = meant ?? shapeAtCursor(document, at);
  if (found) return formatShape(found.shape);
  const near = shapesNear(document, at).sort(
    (a, b) => Math.abs(a.range.start.line - at.line) - Math.abs(b.range.start.line - at.line),
  )[0];
  return near
    ? askShape(
        state,
        formatShape(near.shape),
        `No attention shape on line ${at.line + 1}; the nearest one is on line ${near.range.start.line + 1}.`,
      )
    : askShape(state, null, 'No attention shape near the cursor: type one.');
}
