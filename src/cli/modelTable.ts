import { formatBytes, formatMs } from '../attention/units.ts';
import type { DocumentRun } from '../profiler/document/schema.ts';
import { distinct, movedBytes, runName } from './profileRows.ts';
import type { Style } from './style.ts';
import { cut, type TextColumn, textTable } from './textTable.ts';

const columns: readonly TextColumn[] = [
  { title: 'algorithm', align: 'left' },
  { title: 'time', align: 'right' },
  { title: 'least to most', align: 'right' },
  { title: 'limited by', align: 'left' },
  { title: 'bytes', align: 'right' },
  { title: 'past cache', align: 'right' },
  { title: 'memory', align: 'right' },
];

const provenances = ['', 'modelled', 'modelled', 'modelled', 'exact', 'modelled', 'exact'];

/** A row for each run and, where it has several, one for each of its stages; at most 100 columns. */
export function modelTable(runs: readonly DocumentRun[], style: Style): string[] {
  const rows = runs.flatMap((run) => [runRow(run), ...stageRows(run)]);
  const [head, ...body] = textTable(columns, [provenances, ...rows], style) as [string, ...string[]];
  return [head, style.faint(body[0]!), ...body.slice(1)];
}

function runRow(run: DocumentRun): string[] {
  const { status, projection, traffic, memory } = run;
  const limits = distinct((projection?.stages ?? []).map(({ limitedBy }) => limitedBy));
  return [
    cut(runName(run), 27),
    projection ? formatMs(projection.ms) : status,
    projection ? `${formatMs(projection.lowMs)} to ${formatMs(projection.highMs)}` : '-',
    limits.length === 1 ? limits[0]! : '',
    traffic.exact ? formatBytes(movedBytes(traffic.exact)) : '-',
    traffic.modelled ? formatBytes(movedBytes(traffic.modelled)) : '-',
    memory ? formatBytes(memory.peakBytes) : '-',
  ];
}

function stageRows({ projection, traffic }: DocumentRun): string[][] {
  const stages = projection?.stages ?? [];
  if (stages.length < 2) return [];
  return stages.map(({ name, ms, limitedBy }) => {
    const moved = ({ stages = [] }: { stages?: { name: string }[] | undefined }) =>
      stages.find((stage) => stage.name === name) as Parameters<typeof movedBytes>[0] | undefined;
    const exact = traffic.exact && moved(traffic.exact);
    const modelled = traffic.modelled && moved(traffic.modelled);
    return [
      `  ${cut(name, 25)}`,
      formatMs(ms),
      '',
      limitedBy,
      exact ? formatBytes(movedBytes(exact)) : '',
      modelled ? formatBytes(movedBytes(modelled)) : '',
      '',
    ];
  });
}
