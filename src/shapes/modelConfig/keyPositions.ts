import type { KeyPath } from './types.ts';

/** A key of a JSON text and its value; offsets in UTF-16 units, ends exclusive. */
export interface KeyPosition {
  path: KeyPath;
  start: number;
  end: number;
  /** Where the value ends; the text's end where it is not finished. */
  valueEnd: number;
}

/** Deeper nesting than any configuration has is walked over and not listed. */
const deepest = 32;

/**
 * The keys of the objects of a JSON text and where they stand, in the order of the text; arrays are walked over, as
 * nothing in them is a key of a configuration. One pass, without recursion; a text that is no JSON gives the keys up
 * to where it stops being one. `JSON.parse` gives the values but no positions, and this floor has no packages.
 */
export function keyPositions(text: string): KeyPosition[] {
  const found: KeyPosition[] = [];
  const open: { array: boolean; key: KeyPosition | null }[] = [];
  // A string that does not end takes the rest of the text, so that no character is looked at twice.
  const token = /"(?:[^"\\]|\\.)*(?:"|\\?$)|[{}[\],:]|[^\s{}[\],:"]+/gs;
  let arrays = 0;
  for (const match of text.matchAll(token)) {
    const [word] = match;
    const top = open.at(-1);
    if (word === '{' || word === '[') {
      open.push({ array: word === '[', key: null });
      if (word === '[') arrays++;
    } else if (word === '}' || word === ']') {
      if (!top || top.array !== (word === ']')) break;
      finish(top.key, match.index);
      open.pop();
      if (word === ']') arrays--;
    } else if (word === ',') {
      if (!top) break;
      finish(top.key, match.index);
      top.key = null;
    } else if (word.startsWith('"') && top && !top.array && top.key === null) {
      if (arrays > 0 || open.length > deepest) continue;
      const path = [...(open.at(-2)?.key?.path ?? []), keyOf(word)];
      top.key = { path, start: match.index, end: match.index + word.length, valueEnd: text.length };
      found.push(top.key);
    }
  }
  return found;
}

function finish(key: KeyPosition | null, end: number): void {
  if (key) key.valueEnd = end;
}

function keyOf(word: string): string {
  try {
    return JSON.parse(word) as string;
  } catch {
    return word.slice(1, -1);
  }
}

/** The innermost key whose name or value holds an offset; null where there is none. */
export function keyAt(positions: readonly KeyPosition[], offset: number): KeyPosition | null {
  return positions.findLast(({ start, valueEnd }) => start <= offset && offset <= valueEnd) ?? null;
}

/** Finds positions by their path; of a key that is given twice the last, which is the one that counts. */
export function positionsByPath(positions: readonly KeyPosition[]): (path: KeyPath) => KeyPosition | null {
  const byPath = new Map(positions.map((position) => [JSON.stringify(position.path), position]));
  return (path) => byPath.get(JSON.stringify(path)) ?? null;
}
