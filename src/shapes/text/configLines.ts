/** One `key: value` or `key = value` of a configuration, with the section it stands in. */
export interface ConfigLine {
  section: string;
  key: string;
  /** Without comment and without quotes. */
  value: string;
  start: number;
  end: number;
}

/** Lines past this length hold data, not settings. */
const longestLine = 400;
/** Sections inside sections past this depth keep the name of the last one. */
const deepest = 24;

const pair = /^([ \t]*)(-[ \t]+)?(["']?)([A-Za-z_][\w.-]{0,63})\3[ \t]*([:=])(?:[ \t]+|(?==)|(?<==))(.*)$/;
const opener =
  /^([ \t]*)(-[ \t]+)?(["']?)([A-Za-z_][\w.-]{0,63})\3[ \t]*:[ \t]*(?:[&!][\w/.-]+[ \t]*)?(?:#.*)?$/;
const header = /^[ \t]*\[{1,2}[ \t]*([\w.\- "':/]{1,100}?)[ \t]*\]{1,2}[ \t]*(?:[#;].*)?$/;

/**
 * Reads the settings of YAML, TOML, INI and `.env` files, line by line. A line reader is enough: only whole numbers,
 * words and the section that they stand in are asked for. What needs a parser (flow mappings, anchors, block
 * scalars, continued lines) is skipped, and a setting that is skipped is not known, never wrong. Each item of a list
 * is a section of its own.
 */
export function readConfigLines(text: string, kind: 'yaml' | 'toml'): ConfigLine[] {
  const found: ConfigLine[] = [];
  const stack: { indent: number; name: string }[] = [];
  let table = '';
  let item = 0;
  let blockIndent = -1;
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const stop = newline < 0 ? text.length : newline;
    const line = stop - start > longestLine ? '' : text.slice(start, stop).replace(/\r$/, '');
    const lineStart = start;
    start = stop + 1;
    if (/^[ \t]*(?:[#;].*)?$/.test(line)) continue;
    const indent = /^[ \t]*/.exec(line)![0].length;
    if (blockIndent >= 0 && indent > blockIndent) continue;
    blockIndent = -1;
    if (kind === 'toml') {
      const heading = header.exec(line);
      if (heading) {
        table = line.trimStart().startsWith('[[') ? `${heading[1]}#${++item}` : heading[1]!;
        continue;
      }
    } else if (line === '---' || line === '...') {
      table = `#${++item}`;
      stack.length = 0;
      continue;
    }
    const isItem = kind === 'yaml' && /^[ \t]*-(?:[ \t]|$)/.test(line);
    if (kind === 'yaml') {
      while (stack.length > 0 && stack.at(-1)!.indent >= indent + (isItem ? 1 : 0)) stack.pop();
      if (isItem) {
        // The keys of an item stand two columns behind its dash.
        while (stack.length > 0 && stack.at(-1)!.indent >= indent && stack.at(-1)!.name.startsWith('-'))
          stack.pop();
        if (stack.length < deepest) stack.push({ indent: indent + 1, name: `-${++item}` });
      }
    }
    const section = [table, ...stack.map(({ name }) => name)].filter(Boolean).join('.');
    const opened = kind === 'yaml' ? opener.exec(line) : null;
    if (opened) {
      if (stack.length < deepest) stack.push({ indent: indent + (opened[2]?.length ?? 0), name: opened[4]! });
      continue;
    }
    const match = pair.exec(line);
    if (!match || (kind === 'yaml' ? match[5] !== ':' : match[5] !== '=')) continue;
    if (/^[|>][+-]?\d?$/.test(match[6]!.trim())) {
      blockIndent = indent;
      continue;
    }
    const keyStart = lineStart + line.indexOf(match[4]!);
    const value = plainValue(match[6]!);
    found.push({ section, key: match[4]!, value, start: keyStart, end: lineStart + line.trimEnd().length });
  }
  return found;
}

function plainValue(text: string): string {
  // A flow mapping over several lines, as JSON writes it, ends each line with a comma.
  const trimmed = text.trim().replace(/,(?=[ \t]*(?:#.*)?$)/, '');
  const quoted = /^(["'])([^"']*)\1[ \t]*(?:#.*)?$/.exec(trimmed);
  if (quoted) return quoted[2]!;
  return trimmed.replace(/[ \t]+[#;].*$/, '').trimEnd();
}

/** A whole number as YAML and TOML write it: `12`, `4_096`, `+8`. Octal, floats and lists are none. */
export function wholeNumber(text: string): number | null {
  return /^\+?[1-9]\d{0,2}(?:_?\d){0,9}$/.test(text) ? Number(text.replace(/[+_]/g, '')) : null;
}
