/** A name on a line of a frame, columns of the name. */
export interface Mention {
  name: string;
  line: number;
  start: number;
  end: number;
}

const furthestUp = 400;
const furthestDown = 40;

/**
 * The lines that belong to what a frame runs, up to where it stopped: from the `def` around the stopped line, or
 * from the top of the module, to the end of the statement that it stopped in. Lines from 0.
 */
export function linesOfFrame(
  lineAt: (line: number) => string,
  lineCount: number,
  stopped: number,
): { first: number; last: number } {
  return { first: startOfFunction(lineAt, stopped), last: endOfStatement(lineAt, lineCount, stopped) };
}

function startOfFunction(lineAt: (line: number) => string, stopped: number): number {
  let indent = indentOf(lineAt(stopped));
  if (/^\s*(async\s+)?def\b/.test(lineAt(stopped))) return stopped;
  const top = Math.max(0, stopped - furthestUp);
  for (let line = stopped - 1; line >= top && indent > 0; line--) {
    const text = lineAt(line);
    if (text.trim() === '' || /^\s*[#)\]}]/.test(text)) continue;
    const own = indentOf(text);
    if (own >= indent) continue;
    if (/^\s*(async\s+)?def\b/.test(text)) return line;
    indent = own;
  }
  return top;
}

function endOfStatement(lineAt: (line: number) => string, lineCount: number, stopped: number): number {
  let depth = 0;
  const bottom = Math.min(lineCount - 1, stopped + furthestDown);
  for (let line = stopped; line <= bottom; line++) {
    for (const character of codeOf(lineAt(line))) {
      if ('([{'.includes(character)) depth++;
      if (')]}'.includes(character)) depth--;
    }
    if (depth <= 0) return line;
  }
  return stopped;
}

/** Where the names stand on the lines, once for each name and line; attributes, keywords and strings are no mentions. */
export function mentions(
  lineAt: (line: number) => string,
  { first, last }: { first: number; last: number },
  names: ReadonlySet<string>,
): Mention[] {
  const found: Mention[] = [];
  for (let line = first; line <= last; line++) {
    const seen = new Set<string>();
    for (const match of codeOf(lineAt(line)).matchAll(/(?<![\w.])[^\W\d]\w*(?!\w)(?!\s*=(?!=)(?=[^\s]))/gu)) {
      const [name] = match;
      if (!names.has(name) || seen.has(name)) continue;
      seen.add(name);
      found.push({ name, line, start: match.index, end: match.index + name.length });
    }
  }
  return found;
}

/** A line without its comment, and with blanks for what stands in quotes. */
function codeOf(line: string): string {
  return line
    .slice(0, 1000)
    .replace(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g, (text) => ' '.repeat(text.length))
    .replace(/#.*/, '');
}

function indentOf(line: string): number {
  return /^\s*/.exec(line)![0].replaceAll('\t', '        ').length;
}
