import type { NotReproduced } from '../attention/literature/notReproduced.ts';
import type { ReproduceRow } from '../attention/literature/row.ts';
import { distinct } from './profileRows.ts';
import type { Style } from './style.ts';
import { cut, textTable, wrap } from './textTable.ts';

/** A table for each source, the notes that its rows share below it, then what is not reproduced. */
export function reproduceText(
  rows: readonly ReproduceRow[],
  left: readonly NotReproduced[],
  style: Style,
): string {
  const lines: string[] = [];
  for (const source of distinct(rows.map((row) => row.source))) {
    const own = rows.filter((row) => row.source === source);
    lines.push(...wrap(source).map(style.strong), '', ...table(own, style));
    for (const note of distinct(own.map((row) => row.note).filter((text) => text !== ''))) {
      lines.push(...wrap(noteOf(own, note)).map(style.faint));
    }
    lines.push('');
  }
  lines.push(style.strong('Not reproduced, and why'), '');
  for (const { what, why } of left) lines.push(...wrap(`${what}: ${why}`));
  lines.push('', ...summary(rows, style));
  return `${lines.join('\n')}\n`;
}

/** A note that only some rows have names them. */
function noteOf(rows: readonly ReproduceRow[], note: string): string {
  const own = rows.filter((row) => row.note === note);
  if (own.length === rows.length) return note;
  const [first] = own as [ReproduceRow];
  const more = own.length > 1 ? ` and ${own.length - 1} more` : '';
  return `${first.quantity}${more}: ${note}`;
}

function table(rows: readonly ReproduceRow[], style: Style): string[] {
  return textTable(
    [
      { title: '', align: 'left' },
      { title: 'unit', align: 'left' },
      { title: 'published', align: 'right' },
      { title: 'ours', align: 'right' },
      { title: 'difference', align: 'right' },
      { title: 'allowed', align: 'right' },
      { title: 'within', align: 'right' },
    ],
    rows.map(({ quantity, unit, published, ours, relativeDifference, tolerance, within, fitted }) => [
      cut(quantity, 44),
      cut(unit, 8),
      number(published),
      number(ours),
      signed(relativeDifference),
      tolerance === null ? '-' : percent(tolerance),
      within === null ? '-' : within ? (fitted ? 'fitted' : 'yes') : 'no',
    ]),
    style,
  );
}

/** Whole numbers in full, others with five digits: enough to see what rounding did. */
function number(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(5)));
}

/** Two digits however small: a difference of 0.003% is not none. */
function percent(fraction: number): string {
  return `${Number((100 * fraction).toPrecision(2))}%`;
}

function signed(fraction: number): string {
  return fraction > 0 ? `+${percent(fraction)}` : percent(fraction);
}

function summary(rows: readonly ReproduceRow[], style: Style): string[] {
  const lines = [false, true].flatMap((fitted) => {
    const claimed = rows.filter((row) => row.within !== null && row.fitted === fitted);
    const outside = claimed.filter(({ within }) => within === false).length;
    if (claimed.length === 0) return [];
    const what = fitted ? 'numbers that a model was fitted to' : 'numbers that no model was fitted to';
    const text = `${claimed.length - outside} of ${claimed.length} ${what} are within what is allowed`;
    return outside > 0 ? [style.warn(`${text}, ${outside} outside.`)] : [`${text}.`];
  });
  const reported = rows.filter(({ within }) => within === null).length;
  if (reported > 0) lines.push(`${reported} more are shown without a claim.`);
  const provenances = distinct(rows.map(({ provenance }) => provenance));
  const sentence =
    `Our numbers are ${provenances.join(' and ')}: bytes, operations and memory by the accounts of the ` +
    'papers, times and throughputs projected.';
  return [...lines, ...wrap(sentence, 0).map(style.faint)];
}
