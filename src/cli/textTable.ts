import type { Style } from './style.ts';
import { oneLine } from './wrongUse.ts';

export const maxColumns = 100;
const gap = '  ';

export interface TextColumn {
  title: string;
  align: 'left' | 'right';
}

/** Lines of a table: a strong heading, cells padded to their column. Rows are as long as `columns`. */
export function textTable(
  columns: readonly TextColumn[],
  rows: readonly (readonly string[])[],
  style: Style,
): string[] {
  const widths = columns.map(({ title }, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    columns
      .map(({ align }, column) => {
        const cell = cells[column] ?? '';
        return align === 'left' ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!);
      })
      .join(gap)
      .trimEnd();
  const head = line(columns.map(({ title }) => title));
  return [...(head === '' ? [] : [style.strong(head)]), ...rows.map(line)];
}

/** How many columns of these widths fit beside what is there already, at least one. */
export function columnsThatFit(taken: number, widths: readonly number[]): number {
  let width = taken;
  let fitting = 0;
  for (const next of widths) {
    width += gap.length + next;
    if (width > maxColumns) break;
    fitting += 1;
  }
  return Math.max(1, fitting);
}

/** Breaks text between words into lines, the later ones indented. Words longer than a line are cut. */
export function wrap(text: string, indent = 2, width = maxColumns): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of oneLine(text).split(/\s+/)) {
    let rest = word;
    const start = lines.length === 0 ? '' : ' '.repeat(indent);
    const joined = line === '' ? `${start}${rest}` : `${line} ${rest}`;
    if (joined.length <= width) {
      line = joined;
      continue;
    }
    if (line !== '') lines.push(line);
    while (rest.length > width - indent) {
      lines.push(' '.repeat(indent) + rest.slice(0, width - indent));
      rest = rest.slice(width - indent);
    }
    line = ' '.repeat(indent) + rest;
  }
  return line.trim() === '' ? lines : [...lines, line];
}

/** On one line of at most `length` characters; the indent before it stays. */
export function cut(text: string, length: number): string {
  const line = text.startsWith(' ') ? `  ${oneLine(text)}` : oneLine(text);
  return line.length <= length ? line : `${line.slice(0, length - 3)}...`;
}
