import type { Cell, TableModel, TableRow } from '../model/table.ts';
import { h } from './dom.ts';
import { roveTable } from './roving.ts';
import type { Tooltip } from './tooltip.ts';

/** A real table: caption, column and row headers with their scope, a body for each group. */
export function renderTable(model: TableModel, tooltip: Tooltip): HTMLElement {
  const head = h(
    'thead',
    {},
    h('tr', {}, ...model.columns.map((column, index) => columnHeader(model, column, index))),
  );
  const bodies = model.groups.map((group) => {
    const rows = group.rows.flatMap((row) => renderRow(row, model.columns.length, tooltip));
    if (group.header === null) return h('tbody', {}, ...rows);
    const header = h('th', { scope: 'rowgroup', colspan: model.columns.length }, group.header);
    return h('tbody', {}, h('tr', { class: 'group' }, header), ...rows);
  });
  const table = h(
    'table',
    { id: `table-${model.id}`, data: { table: model.id } },
    h('caption', {}, model.caption),
    head,
    ...bodies,
  );
  roveTable(table);
  return h('div', { class: 'table-scroll' }, table);
}

/** Over words the header stands left, over numbers right, as they do. */
function columnHeader(model: TableModel, column: string, index: number): HTMLElement {
  const cells = model.groups.flatMap(({ rows }) => rows.map((row) => row.cells[index - 1]));
  const numbers = index > 0 && cells.some((cell) => cell?.kind === 'figures');
  return h('th', { scope: 'col', class: numbers || index === 0 ? '' : 'words' }, column);
}

function renderRow(row: TableRow, columns: number, tooltip: Tooltip): HTMLElement[] {
  const header = h('th', { scope: 'row' }, row.header);
  if (row.detail) header.append(h('span', { class: 'detail' }, row.detail));
  const kinds = [row.strong && 'strong', row.indent && 'indent', row.note && 'noted'].filter(Boolean);
  const main = h(
    'tr',
    { class: kinds.join(' ') },
    header,
    ...row.cells.map((cell) => renderCell(cell, tooltip)),
  );
  return row.note ? [main, renderNote(row.note, columns)] : [main];
}

function renderCell(cell: Cell, tooltip: Tooltip): HTMLElement {
  if (cell.kind === 'none') return h('td', { class: 'none' }, '–');
  if (cell.kind === 'text') return h('td', { class: `words ${cell.tone ?? ''}`.trim() }, cell.text);
  const element = h('td', { class: 'number' });
  for (const { text, alarm } of cell.figures) {
    element.append(h('span', { class: alarm ? 'figure alarm' : 'figure' }, text));
  }
  if (cell.verdict) {
    const { text, alarm } = cell.verdict;
    element.append(h('span', { class: alarm ? 'figure alarm' : 'provenance' }, text));
  } else if (cell.showProvenance) {
    const words = [...new Set(cell.figures.map(({ provenance }) => provenance))];
    element.append(h('span', { class: 'provenance' }, words.join(', ')));
  }
  tooltip.explain(element, cell.figures.map(({ explanation }) => explanation).join('\n'));
  return element;
}

function renderNote(note: NonNullable<TableRow['note']>, columns: number): HTMLElement {
  const text = h('div', { class: 'note-text' });
  if (note.progress !== undefined) {
    const fill = h('span', { class: 'partial-fill' });
    fill.style.setProperty('width', `${note.progress * 100}%`);
    text.append(h('span', { class: 'partial', aria: { hidden: 'true' } }, fill));
  }
  text.append(...note.text.split('\n').map((line) => h('span', { class: 'line' }, line)));
  return h('tr', { class: 'note-row' }, h('td', { colspan: columns, class: `note ${note.tone}` }, text));
}
