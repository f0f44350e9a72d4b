import fc from 'fast-check';
import { expect, test } from 'vitest';
import { syntaxEdits } from '../../../../src/editor/sites/edits.ts';
import type { SyntaxPoint } from '../../../../src/shapes/python/syntax.ts';

function pointAt(text: string, offset: number): SyntaxPoint {
  const before = text.slice(0, offset).split('\n');
  return { row: before.length - 1, column: before.at(-1)!.length };
}

test('changes of one event, in any order, become edits whose places are those of the text at their turn', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '\n', 'é', '𝑥', ' '), maxLength: 40 });
  const run = (start: string, cuts: number[], inserted: string[], reversed: boolean) => {
    const places = [...new Set(cuts.map((cut) => cut % (start.length + 1)))].sort((a, b) => a - b);
    const changes = [];
    for (let index = 0; index + 1 < places.length; index += 2) {
      const [from, to] = [places[index]!, places[index + 1]!];
      const [a, b] = [pointAt(start, from), pointAt(start, to)];
      const range = {
        start: { line: a.row, character: a.column },
        end: { line: b.row, character: b.column },
      };
      changes.push({ range, rangeOffset: from, rangeLength: to - from, text: inserted[index] ?? '' });
    }
    if (reversed) changes.reverse();
    // What the event as a whole makes of the text, built front to back.
    let expected = '';
    let last = 0;
    for (const each of [...changes].sort((a, b) => a.rangeOffset - b.rangeOffset)) {
      expected += start.slice(last, each.rangeOffset) + each.text;
      last = each.rangeOffset + each.rangeLength;
    }
    expected += start.slice(last);
    let current = start;
    for (const edit of syntaxEdits(changes as never)) {
      const change = changes.find(({ rangeOffset }) => rangeOffset === edit.startIndex)!;
      expect(edit.startPosition).toEqual(pointAt(current, edit.startIndex));
      expect(edit.oldEndPosition).toEqual(pointAt(current, edit.oldEndIndex));
      current = current.slice(0, edit.startIndex) + change.text + current.slice(edit.oldEndIndex);
      expect(edit.newEndPosition).toEqual(pointAt(current, edit.newEndIndex));
    }
    expect(current).toBe(expected);
  };
  fc.assert(
    fc.property(
      text,
      fc.array(fc.nat(60), { maxLength: 8 }),
      fc.array(text, { maxLength: 8 }),
      fc.boolean(),
      run,
    ),
  );
});
