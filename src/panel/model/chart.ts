/** A stacked horizontal bar chart as data: what is drawn and what stands beside it. */
export interface ChartModel {
  id: string;
  /** The whole chart in words, for readers that cannot see it. */
  label: string;
  /** How to read what is drawn beside the bars. */
  note?: string;
  unit: 'bytes' | 'accesses' | 'milliseconds';
  /** Top to bottom. A heading has no bar. */
  rows: ChartRow[];
  /** Stacked left to right. */
  series: ChartSeries[];
}

export interface ChartRow {
  kind: 'heading' | 'bar';
  label: string;
  /** Stands at the end of the bar; names what is missing where there is no bar. */
  text: string;
  /** Spread of a time and its single samples, in the chart's unit. */
  spread?: { low: number; high: number; samples: number[] };
}

export interface ChartSeries {
  name: string;
  label: string;
  /** Holds a value for each pair of query and key; drawn hatched. */
  pairwise: boolean;
  /** One for each row, null where the row has no such part. */
  values: (number | null)[];
  texts: (string | null)[];
}

/** `standard: counted 268 MB, exact 268 MB; flash2: ...`, from the rows that are drawn. */
export function rowsInWords(rows: readonly ChartRow[]): string {
  const parts: string[] = [];
  let heading: string | null = null;
  let bars: string[] = [];
  const flush = () => {
    if (heading !== null) parts.push(`${heading}: ${bars.join(', ')}`);
    else parts.push(...bars);
    bars = [];
  };
  for (const row of rows) {
    if (row.kind === 'heading') {
      if (heading !== null || bars.length > 0) flush();
      heading = row.label;
    } else {
      bars.push(`${row.label} ${row.text}`);
    }
  }
  flush();
  return parts.join('; ');
}
