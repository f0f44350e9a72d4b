const steps: Record<string, [rows: number, columns: number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/**
 * Makes a table one stop in the tab order: arrow keys walk its body cells, Home and End go to the ends of
 * a row, with Ctrl to the ends of the table.
 */
export function roveTable(table: HTMLTableElement): void {
  const rows = [...table.tBodies].flatMap((body) => [...body.rows]).map((row) => [...row.cells]);
  for (const cell of rows.flat()) cell.tabIndex = -1;
  const first = rows[0]?.[0];
  if (!first) return;
  let current: HTMLTableCellElement = first;
  current.tabIndex = 0;
  const setCurrent = (cell: HTMLTableCellElement) => {
    current.tabIndex = -1;
    current = cell;
    current.tabIndex = 0;
  };
  table.addEventListener('focusin', (event) => {
    const cell = event.target instanceof Element ? event.target.closest('td, tbody th') : null;
    if (cell instanceof HTMLTableCellElement) setCurrent(cell);
  });
  table.addEventListener('keydown', (event) => {
    const target = destination(rows, current, event);
    if (!target) return;
    event.preventDefault();
    setCurrent(target);
    target.focus();
  });
}

function destination(
  rows: HTMLTableCellElement[][],
  current: HTMLTableCellElement,
  event: KeyboardEvent,
): HTMLTableCellElement | undefined {
  const row = rows.findIndex((cells) => cells.includes(current));
  const column = rows[row]?.indexOf(current) ?? 0;
  if (event.altKey || event.metaKey) return undefined;
  if (event.key === 'Home') return event.ctrlKey ? rows[0]?.[0] : rows[row]?.[0];
  if (event.key === 'End') return event.ctrlKey ? rows.at(-1)?.at(-1) : rows[row]?.at(-1);
  const step = Object.hasOwn(steps, event.key) ? steps[event.key] : undefined;
  if (!step || event.ctrlKey) return undefined;
  const cells = rows[row + step[0]];
  return cells?.[Math.max(0, Math.min(cells.length - 1, column + step[1]))];
}
