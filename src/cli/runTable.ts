import { formatBytes, formatCount, formatError, formatMs, formatRatio } from '../attention/units.ts';
import type { DocumentProjection, DocumentRun, DocumentTraffic } from '../profiler/document/schema.ts';
import { differingBuffers, movedBytes } from './profileRows.ts';
import type { Style } from './style.ts';
import { cut, type TextColumn, textTable } from './textTable.ts';

const columns: readonly TextColumn[] = [
  { title: 'algorithm', align: 'left' },
  { title: 'pass', align: 'left' },
  { title: 'time', align: 'right' },
  { title: 'bytes', align: 'right' },
  { title: 'bound', align: 'right' },
  { title: 'accesses', align: 'right' },
  { title: '= exact', align: 'right' },
  { title: 'memory', align: 'right' },
  { title: 'error', align: 'right' },
];

/** Where the numbers of a column come from, under its title. */
function provenances(runs: readonly DocumentRun[]): string[] {
  const modelled = runs.every(({ engine }) => engine === 'model');
  const [time, account] = modelled ? ['modelled', 'exact'] : ['measured', 'counted'];
  return ['', '', time, account, 'times', account, '', 'exact', 'measured'];
}

/**
 * One row for each run and, below it, one for each of its stages: what fits 100 columns however many runs
 * there are. Time is the median; bytes and accesses go in and out; the error is the largest of any output.
 */
export function runTable(runs: readonly DocumentRun[], style: Style): string[] {
  const rows = runs.flatMap((run) => [runRow(run), ...stageRows(run)]);
  const [head, ...body] = textTable(columns, [provenances(runs), ...rows], style) as [string, ...string[]];
  return [head, style.faint(body[0]!), ...body.slice(1)];
}

function runRow(run: DocumentRun): string[] {
  const { traffic, time, memory } = run;
  const account = traffic.counted ?? traffic.exact;
  const moved = account && movedBytes(account);
  return [
    cut(run.algorithm, 20),
    run.pass,
    time ? formatMs(time.medianMs) : projectedIn(run, (projection) => projection.ms, run.status),
    moved === undefined ? '-' : cell(formatBytes(moved)),
    moved === undefined || !traffic.bound ? '-' : cell(formatRatio(moved, movedBytes(traffic.bound))),
    account ? cell(formatCount(BigInt(account.loads) + BigInt(account.stores))) : '-',
    agreement(run),
    memory ? cell(formatBytes(memory.peakBytes)) : '-',
    worstError(run),
  ];
}

/** Nothing where there is but one stage: it is the run. */
function stageRows(run: DocumentRun): string[][] {
  const { time, traffic } = run;
  const account: DocumentTraffic | undefined = traffic.counted ?? traffic.exact;
  const stages = account?.stages ?? [];
  const names = [...new Set([...stages, ...(time?.stages ?? [])].map(({ name }) => name))];
  if (names.length < 2) return [];
  return names.map((name) => {
    const tally = stages.find((stage) => stage.name === name);
    const timed = time?.stages.find((stage) => stage.name === name);
    return [
      `  ${cut(name, 18)}`,
      '',
      timed
        ? formatMs(timed.medianMs)
        : projectedIn(run, ({ stages }) => stages.find((stage) => stage.name === name)?.ms, '-'),
      tally ? cell(formatBytes(movedBytes(tally))) : '-',
      '',
      tally ? cell(formatCount(BigInt(tally.loads) + BigInt(tally.stores))) : '-',
      '',
      '',
      '',
    ];
  });
}

/** A time of a run that was not run; what was measured is never mixed with what is projected. */
function projectedIn(
  { engine, projection }: DocumentRun,
  of: (projection: DocumentProjection) => number | undefined,
  none: string,
): string {
  const ms = engine === 'model' && projection ? of(projection) : undefined;
  return ms === undefined ? none : formatMs(ms);
}

/** `yes` where counted equals exact in every buffer, else the word that must not be overlooked. */
function agreement({ traffic: { counted, exact } }: DocumentRun): string {
  if (!counted) return exact ? 'exact' : '-';
  if (!exact) return '-';
  return differingBuffers(counted, exact).length === 0 ? 'yes' : 'NO';
}

function worstError({ errors }: DocumentRun): string {
  const all = Object.values(errors);
  if (all.some(({ nonFinite }) => nonFinite > 0)) return 'not finite';
  const known = all.map(({ relativeL2 }) => relativeL2).filter((error) => error !== null);
  return known.length === 0 ? '-' : formatError(Math.max(...known));
}

function cell(text: string): string {
  return cut(text, 10);
}
