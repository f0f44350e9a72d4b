import { formatBytes, formatInteger } from '../../attention/units.ts';
import type { Count } from '../../profiler/document/schema.ts';
import { type ChartModel, type ChartRow, rowsInWords } from './chart.ts';
import { type Comparison, runNames } from './comparison.ts';
import { sumCounts } from './count.ts';
import { figure } from './provenance.ts';
import { type Cell, figures, none, type TableModel, words } from './table.ts';
import { isPairwise, sortTensors, tensorLabel } from './tensors.ts';

/** Device memory of each run at its peak, by buffer. */
export function memoryChart(comparison: Comparison): ChartModel {
  const names = runNames(comparison.runs);
  const rows = comparison.runs.map(({ memory, status }, index): ChartRow => {
    const missing = status === 'ok' ? 'not known' : status;
    return { kind: 'bar', label: names[index]!, text: memory ? formatBytes(memory.peakBytes) : missing };
  });
  return {
    id: 'memory',
    label: `Peak memory by buffer, exact. ${rowsInWords(rows)}.`,
    unit: 'bytes',
    rows,
    series: buffersOf(comparison).map((name) => {
      const sizes = comparison.runs.map((run) => sizeOf(run.memory, name));
      return {
        name,
        label: bufferLabel(name),
        pairwise: isPairwise(name),
        values: sizes.map((size) => (size === null ? null : Number(size))),
        texts: sizes.map((size) => (size === null ? null : formatBytes(size))),
      };
    }),
  };
}

export function memoryTable(comparison: Comparison): TableModel {
  const names = runNames(comparison.runs);
  const cell = (bytes: Count | bigint | null, about: string): Cell =>
    bytes === null
      ? none
      : figures([figure(formatBytes(bytes), 'exact', `${formatInteger(bytes)} bytes ${about}`)], false);
  return {
    id: 'memory',
    caption: 'Memory by buffer',
    columns: ['buffer', ...names, 'provenance'],
    groups: [
      {
        header: null,
        rows: [
          ...buffersOf(comparison).map((buffer) => ({
            header: bufferLabel(buffer),
            cells: [
              ...comparison.runs.map((run, index) =>
                cell(sizeOf(run.memory, buffer), `for ${tensorLabel(buffer)} in ${names[index]}.`),
              ),
              words('exact'),
            ],
          })),
          {
            header: 'peak',
            strong: true,
            cells: [
              ...comparison.runs.map((run, index) =>
                run.memory
                  ? cell(run.memory.peakBytes, `at the peak of ${names[index]}.`)
                  : words(run.status === 'ok' ? 'not known' : run.status),
              ),
              words('exact'),
            ],
          },
        ],
      },
    ],
  };
}

function bufferLabel(name: string): string {
  return isPairwise(name) ? `${tensorLabel(name)} (N × N)` : tensorLabel(name);
}

function buffersOf({ runs }: Comparison): string[] {
  return sortTensors(runs.flatMap((run) => run.memory?.buffers.map(({ name }) => name) ?? []));
}

/** Bytes of the buffers of a name, or null where a run has none. */
function sizeOf(memory: Comparison['runs'][number]['memory'], name: string): bigint | null {
  const buffers = memory?.buffers.filter((buffer) => buffer.name === name) ?? [];
  return buffers.length === 0 ? null : sumCounts(buffers.map(({ bytes }) => bytes));
}
