import type { Figure } from './provenance.ts';

/** One cell: figures, plain words, or nothing known. Several figures stand below each other. */
export type Cell =
  | {
      kind: 'figures';
      figures: Figure[];
      showProvenance: boolean;
      /** Says more than the bare provenance word, and stands in its place. */
      verdict?: { text: string; alarm: boolean };
    }
  | { kind: 'text'; text: string; tone?: 'good' | 'bad' }
  | { kind: 'none' };

export interface TableRow {
  header: string;
  /** A second, quieter line under the header. */
  detail?: string;
  cells: Cell[];
  /** Stands under the row, over its whole width. */
  note?: { text: string; tone: 'info' | 'bad'; progress?: number };
  /** Stage rows stand under the row that they are a part of. */
  indent?: boolean;
  strong?: boolean;
}

/** A table as data; `columns` names the row header's column first. */
export interface TableModel {
  id: string;
  caption: string;
  columns: string[];
  groups: { header: string | null; rows: TableRow[] }[];
}

export const none: Cell = { kind: 'none' };

export function words(text: string, tone?: 'good' | 'bad'): Cell {
  return tone ? { kind: 'text', text, tone } : { kind: 'text', text };
}

export function figures(list: Figure[], showProvenance = true): Cell {
  return list.length === 0 ? none : { kind: 'figures', figures: list, showProvenance };
}
