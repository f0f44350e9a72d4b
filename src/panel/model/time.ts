import { formatInteger, formatMs, formatPercent } from '../../attention/units.ts';
import type { DocumentRun } from '../../profiler/document/schema.ts';
import { type ChartModel, type ChartRow, rowsInWords } from './chart.ts';
import { type Comparison, runNames } from './comparison.ts';
import { figure } from './provenance.ts';
import { figures, none, type TableModel, type TableRow, words } from './table.ts';

/** Medians as bars, the p25-p75 range as a whisker, every sample as a point. */
export function timeChart(comparison: Comparison): ChartModel {
  const names = runNames(comparison.runs);
  const rows: ChartRow[] = [];
  const device: (number | null)[] = [];
  const wall: (number | null)[] = [];
  const add = (row: ChartRow, deviceMs: number | null, wallMs: number | null) => {
    rows.push(row);
    device.push(deviceMs);
    wall.push(wallMs);
  };
  for (const [index, { time, status }] of comparison.runs.entries()) {
    add({ kind: 'heading', label: names[index]!, text: '' }, null, null);
    if (!time) {
      add({ kind: 'bar', label: 'time', text: status === 'ok' ? 'not measured' : status }, null, null);
      continue;
    }
    const spread = { low: time.p25Ms, high: time.p75Ms, samples: time.samplesMs };
    add({ kind: 'bar', label: 'device', text: formatMs(time.medianMs), spread }, time.medianMs, null);
    add({ kind: 'bar', label: 'wall', text: formatMs(time.wallMedianMs) }, null, time.wallMedianMs);
  }
  const text = (value: number | null) => (value === null ? null : formatMs(value));
  return {
    id: 'time',
    label: `Time, measured, medians. ${rowsInWords(rows)}.`,
    note: 'Bars are medians, whiskers reach from p25 to p75, points are single samples. Wall: from submission to idle.',
    unit: 'milliseconds',
    rows,
    series: [
      { name: 'device', label: 'device time', pairwise: false, values: device, texts: device.map(text) },
      { name: 'wall', label: 'wall time', pairwise: false, values: wall, texts: wall.map(text) },
    ],
  };
}

export function timeTable(comparison: Comparison): TableModel {
  const names = runNames(comparison.runs);
  return {
    id: 'time',
    caption: 'Time of one run (measured)',
    columns: ['time', 'median', 'p25', 'p75', 'share', 'samples', 'provenance'],
    groups: comparison.runs.map((run, index) => ({
      header: names[index]!,
      rows: timeRows(run, names[index]!),
    })),
  };
}

function timeRows({ time, status }: DocumentRun, name: string): TableRow[] {
  if (!time) {
    const state = status === 'ok' ? 'not measured' : status;
    return [{ header: 'device', cells: [words(state), none, none, none, none, none] }];
  }
  const cell = (ms: number, about: string) => figures([figure(formatMs(ms), 'measured', about)], false);
  const clock = time.clock === 'wall' ? 'wall clock, no timestamps on this adapter' : 'device timestamps';
  const samples = figures(
    [
      figure(
        formatInteger(time.samplesMs.length),
        'measured',
        `Samples of ${name}: ${sampleList(time.samplesMs)}.`,
      ),
    ],
    false,
  );
  const rows: TableRow[] = [
    {
      header: 'device',
      strong: true,
      cells: [
        cell(time.medianMs, `Median device time of ${name}, ${clock}.`),
        cell(time.p25Ms, `A quarter of the samples of ${name} took no longer.`),
        cell(time.p75Ms, `Three quarters of the samples of ${name} took no longer.`),
        none,
        samples,
        words('measured'),
      ],
    },
  ];
  const sum = time.stages.reduce((total, stage) => total + stage.medianMs, 0);
  for (const stage of time.stages) {
    const about = `Median device time of the stage ${stage.name} of ${name}.`;
    const share = `Part of the sum of the stage medians of ${name}.`;
    rows.push({
      header: stage.name,
      indent: true,
      cells: [
        cell(stage.medianMs, about),
        none,
        none,
        sum > 0 ? figures([figure(formatPercent(stage.medianMs / sum), 'measured', share)], false) : none,
        none,
        words('measured'),
      ],
    });
  }
  const wallAbout = `Median from submission to idle of ${name}, the same samples.`;
  rows.push({
    header: 'wall',
    cells: [cell(time.wallMedianMs, wallAbout), none, none, none, none, words('measured')],
  });
  return rows;
}

const samplesShown = 24;

function sampleList(samples: readonly number[]): string {
  const shown = samples
    .slice(0, samplesShown)
    .map((sample) => formatMs(sample))
    .join(', ');
  const more = samples.length - samplesShown;
  return more > 0 ? `${shown} and ${formatInteger(more)} more` : shown || 'none';
}
