import {
  formatBytes,
  formatCount,
  formatDuration,
  formatError,
  formatFlops,
  formatInteger,
  formatMs,
} from '../attention/units.ts';
import { fromCount } from '../profiler/document/counts.ts';
import type { DocumentRun, DocumentTally, DocumentTraffic } from '../profiler/document/schema.ts';

/** One row of the table: what, where the number comes from, and a cell for each run; null where there is none. */
export interface MetricRow {
  label: string;
  provenance: string;
  cell: (run: DocumentRun) => string | null;
}

const quantities = [
  ['bytes read', 'readBytes', formatBytes],
  ['bytes written', 'writeBytes', formatBytes],
  ['loads', 'loads', formatCount],
  ['stores', 'stores', formatCount],
] as const;

/** Every row that at least one run has a number for. */
export function metricRows(runs: readonly DocumentRun[]): MetricRow[] {
  const rows = [
    ...timeRows(runs),
    ...projectionRows(runs),
    ...partialRows,
    ...trafficRows,
    ...modelledRows,
    ...sizeRows,
    ...deviceNumberRows(runs),
    ...errorRows(runs),
  ];
  return rows.filter(({ cell }) => runs.some((run) => cell(run) !== null));
}

function timeRows(runs: readonly DocumentRun[]): MetricRow[] {
  const stages = distinct(runs.flatMap(({ time }) => time?.stages ?? []).map(({ name }) => name));
  return [
    {
      label: 'time, median',
      provenance: 'measured',
      cell: ({ time }) => time && formatMs(time.medianMs) + (time.clock === 'wall' ? ' (wall)' : ''),
    },
    {
      label: '  p25 to p75',
      provenance: 'measured',
      cell: ({ time }) => time && `${formatMs(time.p25Ms)} to ${formatMs(time.p75Ms)}`,
    },
    {
      label: '  submit to idle',
      provenance: 'measured',
      cell: ({ time }) => time && formatMs(time.wallMedianMs),
    },
    ...stages.map((stage) => ({
      label: `  stage ${stage}`,
      provenance: 'measured',
      cell: ({ time }: DocumentRun) => {
        const found = time?.stages.find(({ name }) => name === stage);
        return found ? formatMs(found.medianMs) : null;
      },
    })),
  ];
}

/** Time as a model has it: the middle, its range, and what binds each stage. */
function projectionRows(runs: readonly DocumentRun[]): MetricRow[] {
  const stages = distinct(runs.flatMap(({ projection }) => projection?.stages ?? []).map(({ name }) => name));
  const provenance = 'modelled';
  return [
    {
      ...{ label: 'time, projected', provenance },
      cell: ({ projection }) => (projection ? formatMs(projection.ms) : null),
    },
    {
      ...{ label: '  least to most', provenance },
      cell: ({ projection }) =>
        projection ? `${formatMs(projection.lowMs)} to ${formatMs(projection.highMs)}` : null,
    },
    ...stages.map((stage) => ({
      ...{ label: `  stage ${stage}`, provenance },
      cell: ({ projection }: DocumentRun) => {
        const found = projection?.stages.find(({ name }) => name === stage);
        return found ? `${formatMs(found.ms)} (${found.limitedBy})` : null;
      },
    })),
  ];
}

const partialRows: MetricRow[] = [
  {
    label: 'slices done',
    provenance: 'measured',
    cell: ({ partial }) => partial && `${partial.slicesDone} of ${partial.slices}`,
  },
  {
    label: '  time so far',
    provenance: 'measured',
    cell: ({ partial }) => partial && formatMs(partial.elapsedMs),
  },
  {
    label: '  whole, at that rate',
    provenance: 'measured',
    cell: ({ partial }) => partial && formatDuration(partial.predictedMs),
  },
];

const trafficRows: MetricRow[] = [
  {
    label: 'bytes moved',
    provenance: 'bound',
    cell: ({ traffic }) => (traffic.bound ? formatBytes(movedBytes(traffic.bound)) : null),
  },
  ...quantities.map(
    ([label, quantity, format]): MetricRow => ({
      label,
      provenance: 'counted',
      cell: ({ traffic }) => (traffic.counted ? format(traffic.counted[quantity]) : null),
    }),
  ),
  ...quantities.map(
    ([label, quantity, format]): MetricRow => ({
      label,
      provenance: 'exact',
      cell: ({ traffic: { counted, exact } }) => {
        if (!exact) return null;
        return counted && counted[quantity] === exact[quantity] ? '= counted' : format(exact[quantity]);
      },
    }),
  ),
  {
    label: '  every buffer',
    provenance: 'exact',
    cell: ({ traffic: { counted, exact } }) => {
      if (!counted || !exact) return null;
      const different = differingBuffers(counted, exact);
      return different.length === 0 ? '= counted' : `NOT counted: ${different.join(', ')}`;
    },
  },
];

/** What a last-level cache lets through to memory. */
const modelledRows: MetricRow[] = [
  {
    label: 'bytes past the cache',
    provenance: 'modelled',
    cell: ({ traffic: { modelled } }) => (modelled ? formatBytes(movedBytes(modelled)) : null),
  },
  {
    label: '  cache',
    provenance: 'modelled',
    cell: ({ traffic: { modelled } }) =>
      modelled?.cache ? `${formatBytes(modelled.cache.bytes)} of ${modelled.cache.device}` : null,
  },
];

const sizeRows: MetricRow[] = [
  {
    label: 'memory, peak',
    provenance: 'exact',
    cell: ({ memory }) => memory && formatBytes(memory.peakBytes),
  },
  { label: 'operations', provenance: 'exact', cell: ({ flops }) => flops && formatFlops(flops.exact) },
];

/** Work that depends on the inputs: `recomputedRows` reads `recomputed rows`. */
function deviceNumberRows(runs: readonly DocumentRun[]): MetricRow[] {
  return distinct(runs.flatMap(({ deviceNumbers }) => Object.keys(deviceNumbers ?? {}))).map((name) => ({
    label: name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
    provenance: 'counted',
    cell: ({ deviceNumbers }) => {
      const number = deviceNumbers?.[name];
      return number === undefined ? null : formatInteger(number);
    },
  }));
}

function errorRows(runs: readonly DocumentRun[]): MetricRow[] {
  return distinct(runs.flatMap(({ errors }) => Object.keys(errors))).flatMap((output): MetricRow[] => [
    {
      label: `error of ${output}, rel. L2`,
      provenance: 'measured',
      cell: ({ errors }) => {
        const error = errors[output];
        if (!error) return null;
        return error.nonFinite > 0
          ? `${formatCount(error.nonFinite)} not finite`
          : formatError(error.relativeL2);
      },
    },
    {
      label: '  rows compared',
      provenance: 'measured',
      cell: ({ errors }) => {
        const error = errors[output];
        return error ? `${formatInteger(error.rows)} of ${formatInteger(error.of)}` : null;
      },
    },
  ]);
}

/** Buffers whose counted and exact accesses differ in any quantity, or that only one of the two knows. */
export function differingBuffers(counted: DocumentTraffic, exact: DocumentTraffic): string[] {
  const names = distinct([...Object.keys(counted.buffers), ...Object.keys(exact.buffers)]);
  return names.filter((name) =>
    quantities.some(([, quantity]) => counted.buffers[name]?.[quantity] !== exact.buffers[name]?.[quantity]),
  );
}

/** `flash2`, `flash2 backward`. */
export function runName({ algorithm, pass }: Pick<DocumentRun, 'algorithm' | 'pass'>): string {
  return pass === 'forward' ? algorithm : `${algorithm} ${pass}`;
}

/** Bytes read and written. */
export function movedBytes(tally: DocumentTally): bigint {
  return fromCount(tally.readBytes) + fromCount(tally.writeBytes);
}

export function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
