/** Where the focus stood, in words that still mean something after the page was built anew. */
type Place = { kind: 'key'; key: string } | { kind: 'cell'; table: string; row: number; column: number };

export function rememberFocus(): Place | null {
  const active = document.activeElement;
  if (!(active instanceof HTMLElement)) return null;
  if (active.dataset.focus) return { kind: 'key', key: active.dataset.focus };
  const table = active.closest('table');
  if (!(active instanceof HTMLTableCellElement) || !table) return null;
  const row = active.parentElement;
  if (!(row instanceof HTMLTableRowElement)) return null;
  return { kind: 'cell', table: table.id, row: row.rowIndex, column: active.cellIndex };
}

export function restoreFocus(place: Place | null): void {
  if (!place) return;
  if (place.kind === 'key') {
    document
      .querySelector<HTMLElement>(`[data-focus="${CSS.escape(place.key)}"]`)
      ?.focus({ preventScroll: true });
    return;
  }
  const table = document.getElementById(place.table);
  if (!(table instanceof HTMLTableElement)) return;
  table.rows[place.row]?.cells[place.column]?.focus({ preventScroll: true });
}
