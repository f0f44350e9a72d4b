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
    rows.map(({ quantity, unit, published, ours, relativeDifference, tolerance, within }) => [
      cut(quantity, 44),
      cut(unit, 8),
      number(published),
      number(ours),
      signed(relativeDifference),
      tolerance === null ? '-' : percent(tolerance),
      within === null ? '-' : within ? 'yes' : 'no',
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
  const held = rows.filter(({ within }) => within !== null);
  const outside = held.filter(({ within }) => within === false);
  const reported = rows.length - held.length;
  const lines = [
    `${held.length - outside.length} of ${held.length} numbers are within what is allowed` +
      (reported > 0 ? `; ${reported} more shown without a claim.` : '.'),
  ];
  if (outside.length > 0) lines.push(style.warn(`${outside.length} outside of it.`));
  const provenances = distinct(rows.map(({ provenance }) => provenance));
  lines.push(
    style.faint(`Our numbers are ${provenances.join(' and ')}: computed from the papers' own accounts.`),
  );
  return lines;
}
