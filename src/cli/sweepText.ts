import { formatShape } from '../attention/shape.ts';
import { formatBytes, formatInteger, formatMs, formatRatio } from '../attention/units.ts';
import { optionWords } from '../profiler/document/optionWords.ts';
import type { ProfileDocument } from '../profiler/document/schema.ts';
import { type Crossover, crossoverOf, endOf } from '../profiler/sweep/crossover.ts';
import { mainAxis, type SweepLine, sweepLines } from '../profiler/sweep/lines.ts';
import { missingRuns } from '../profiler/sweep/missing.ts';
import { doesNotFit } from '../profiler/sweep/obstacle.ts';
import { distinct, movedBytes, runName } from './profileRows.ts';
import { deviceLines, footnotes } from './profileText.ts';
import type { Style } from './style.ts';
import { cut, type TextColumn, textTable, wrap } from './textTable.ts';

const shownMissing = 10;

/** A sweep as text of at most 100 columns: a table for each algorithm and pass, and where lines cross and end. */
export function sweepText(document: ProfileDocument, style: Style): string {
  const { sweep, devices, problems } = document;
  if (!sweep) return '';
  const axis = mainAxis(sweep);
  const lines = sweepLines(document);
  // A shard has its own points alone: the others are not its to miss.
  const absent = sweep.shard ? '-' : 'missing';
  const [smallest] = problems;
  const facts = smallest && [
    `smallest ${formatShape(smallest)}`,
    smallest.dtype,
    smallest.causal ? `causal ${smallest.causal}` : 'not causal',
    ...optionWords(smallest),
    `seed ${smallest.seed}`,
  ];
  const axes = sweep.axes.map(({ name, values }) => `${name}=${span(values)}`).join(' ');
  const shard = sweep.shard ? `, shard ${sweep.shard.index} of ${sweep.shard.count}` : '';
  const text = wrap(
    `Sweep of attention ${sweep.passes.join(' and ')} over ${axes}${shard}: ${facts?.join(', ')}`,
  ).map(style.strong);
  for (const device of devices) {
    text.push(...deviceLines(device, style));
    const own = lines.filter((line) => line.device === device.id && line.cells.some(({ run }) => run));
    for (const fixed of distinct(own.map((line) => line.fixed))) {
      const group = own.filter((line) => line.fixed === fixed);
      for (const line of group) text.push('', ...lineText(line, axis, absent, style));
      const found = group.flatMap((line) => conclusions(group, line, axis));
      if (found.length > 0) text.push('', ...found.flatMap((sentence) => wrap(sentence)));
    }
  }
  text.push('', ...missingText(document, style), ...footnotes(document, style));
  return `${text.join('\n')}\n`;
}

/** `512..8192 (5 values)`. */
function span(values: readonly number[]): string {
  if (values.length <= 3) return values.join(',');
  return `${values[0]}..${values.at(-1)} (${values.length} values)`;
}

const titles = ['time, median', 'p25 to p75', 'bytes moved', 'memory, peak'];
const provenances = ['', 'measured', 'measured', 'counted', 'exact'];

/** The table of one line; one sentence where all of it was skipped for one reason. */
function lineText(line: SweepLine, axis: string, absent: string, style: Style): string[] {
  const { cells, fixed } = line;
  const name = `${runName(line)}${fixed === '' ? '' : `, ${fixed}`}`;
  const reasons = distinct(cells.map(({ run }) => (run?.status === 'skipped' ? run.reason : undefined)));
  if (reasons.length === 1 && reasons[0] !== undefined) {
    return wrap(`${name} skipped at every size: ${reasons[0]}`).map(style.warn);
  }
  const columns: TextColumn[] = [axis, ...titles].map((title) => ({ title, align: 'right' }));
  const rows = cells.map(({ value, run }) => {
    const { time, traffic, memory } = run ?? {};
    return [
      String(value),
      run?.status === 'ok' && time ? formatMs(time.medianMs) : (run?.status ?? absent),
      run?.status === 'ok' && time ? `${formatMs(time.p25Ms)} to ${formatMs(time.p75Ms)}` : '-',
      traffic?.counted ? formatBytes(movedBytes(traffic.counted)) : '-',
      memory ? formatBytes(memory.peakBytes) : '-',
    ];
  });
  const [head = '', ...body] = textTable(columns, [provenances, ...rows], style);
  return [
    style.strong(cut(name, 100)),
    head,
    ...body.map((row, index) => (index === 0 ? style.faint(row) : row)),
    ...reasonsOf(line, axis).flatMap((reason) => wrap(reason).map(style.warn)),
  ];
}

/** The first run of each kind that did not come to its end. */
function reasonsOf({ cells }: SweepLine, axis: string): string[] {
  const seen = new Set<string>();
  return cells.flatMap(({ value, run }) => {
    if (!run?.reason || seen.has(run.status)) return [];
    seen.add(run.status);
    return [`${run.status} from ${axis}=${value}: ${run.reason}`];
  });
}

/** Where a line comes to be faster than the baseline of its pass, and where the baseline ends. */
function conclusions(group: readonly SweepLine[], line: SweepLine, axis: string): string[] {
  const same = group.filter(({ pass }) => pass === line.pass);
  const baseline = same.find(({ algorithm }) => algorithm === 'standard') ?? same[0];
  if (!baseline) return [];
  // Along rows of a tile nothing grows that a line could outlast.
  if (axis === 'br' || axis === 'bc') return [];
  if (baseline === line) return endText(line, axis);
  const crossover = crossoverOf(baseline, line);
  return crossover ? [crossoverText(baseline, line, crossover, axis)] : [];
}

function crossoverText(baseline: SweepLine, line: SweepLine, found: Crossover, axis: string): string {
  const { from, to, fromStart, there, ratio } = found;
  const [ours, theirs] = [runName(line), runName(baseline)];
  const fixed = line.fixed === '' ? '' : `At ${line.fixed}, `;
  if (from !== null) {
    const where =
      from === to
        ? `at ${axis}=${to}`
        : fromStart
          ? `at every size that both ran, ${axis}=${from} to ${to}`
          : `from ${axis}=${from} on, up to ${to}`;
    return `${fixed}${ours} is faster than ${theirs} ${where}: ${formatRatio(ratio)} at ${to} (measured medians, quartiles apart).`;
  }
  const last = `at ${axis}=${to}, the largest that both ran`;
  return there === 'slower'
    ? `${fixed}${ours} is slower than ${theirs} ${last}: ${formatRatio(1 / ratio)} the time (measured medians, quartiles apart).`
    : `${fixed}${ours} and ${theirs} are within the noise of each other ${last} (measured, quartiles overlap).`;
}

function endText(line: SweepLine, axis: string): string[] {
  const end = endOf(line);
  if (!end || end.run.status === 'ok') return [];
  const { last, next, run } = end;
  const fixed = line.fixed === '' ? '' : `At ${line.fixed}, `;
  const what = doesNotFit(run)
    ? 'it no longer fits'
    : run.status === 'failed'
      ? 'it failed'
      : `it was ${run.status}`;
  return [`${fixed}${runName(line)} ends at ${axis}=${last}: at ${next} ${what}.`];
}

/** Runs that are not there: the sweep was interrupted, or other shards have them. */
function missingText(document: ProfileDocument, style: Style): string[] {
  const missing = missingRuns(document);
  if (missing.length === 0) return [];
  const shown = missing.slice(0, shownMissing).map((run) => `${runName(run)} at ${run.point}`);
  const more = missing.length - shown.length;
  const rest = more > 0 ? `, and ${formatInteger(more)} more` : '';
  return wrap(
    `Missing, ${formatInteger(missing.length)} of the runs: ${shown.join('; ')}${rest}. The same command with -o goes on with them.`,
  ).map(style.warn);
}
