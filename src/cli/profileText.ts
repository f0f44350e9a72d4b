import { findAlgorithm } from '../attention/catalogue.ts';
import { formatShape } from '../attention/shape.ts';
import { formatRatio, unknown } from '../attention/units.ts';
import { optionWords } from '../profiler/document/optionWords.ts';
import type {
  DocumentDevice,
  DocumentProblem,
  DocumentRun,
  ProfileDocument,
} from '../profiler/document/schema.ts';
import { distinct, type MetricRow, metricRows, movedBytes, runName } from './profileRows.ts';
import { runTable } from './runTable.ts';
import type { Style } from './style.ts';
import { columnsThatFit, cut, textTable, wrap } from './textTable.ts';

/** The whole result as text of at most 100 columns: one table for each problem and device. */
export function profileText(document: ProfileDocument, style: Style): string {
  const lines: string[] = [];
  for (const group of groupRuns(document)) {
    if (lines.length > 0) lines.push('');
    lines.push(...heading(group, style), '', ...table(group.runs, style));
    const comparisons = group.runs.flatMap((run) => comparisonIn(group.runs, run) ?? []);
    if (comparisons.length > 0) lines.push('', ...comparisons.flatMap((text) => wrap(text)));
    const reasons = group.runs.filter(({ reason }) => reason !== undefined);
    if (reasons.length > 0) lines.push('');
    for (const run of reasons) {
      const tint = run.status === 'failed' ? style.bad : style.warn;
      const reason = run.reason!.replace(`${run.algorithm}: `, '');
      lines.push(...wrap(`${runName(run)} ${run.status}: ${reason}`).map(tint));
    }
  }
  lines.push('', ...footnotes(document, style));
  return `${lines.join('\n')}\n`;
}

/** What the words for where numbers come from mean. */
export function footnotes(document: ProfileDocument, style: Style): string[] {
  const modelled = document.runs.some(({ traffic, projection }) => traffic.modelled || projection);
  return [
    'measured: by a clock, or against float64. counted: on the device, by the instrumented kernel.',
    'exact: closed form of the same plan. bound: each input read once, each output written once.',
    ...(modelled ? ['modelled: not observed; computed with a model of the device.'] : []),
  ].map(style.faint);
}

/** The runs of one problem on one device. */
export interface RunGroup {
  device: DocumentDevice;
  problem: DocumentProblem;
  runs: DocumentRun[];
}

export function groupRuns({ devices, problems, runs }: ProfileDocument): RunGroup[] {
  return devices.flatMap((device) =>
    problems.flatMap((problem) => {
      const own = runs.filter((run) => run.device === device.id && run.problem === problem.id);
      return own.length > 0 ? [{ device, problem, runs: own }] : [];
    }),
  );
}

/** The problem and the device, in words. */
export function heading({ device, problem, runs }: RunGroup, style: Style): string[] {
  const causal = problem.causal ? `causal ${problem.causal}` : 'not causal';
  const facts = [
    formatShape(problem),
    problem.dtype,
    causal,
    ...optionWords(problem),
    `seed ${problem.seed}`,
  ];
  const passes = distinct(runs.map(({ pass }) => pass)).join(' and ');
  const lines = wrap(`Attention ${passes}: ${facts.join(', ')}`).map(style.strong);
  return [...lines, ...deviceLines(device, style)];
}

/** Its name, and a warning where it is none that times hold for. */
export function deviceLines({ name, type }: DocumentDevice, style: Style): string[] {
  const line = cut(`on ${name || unknown} (${type})`, 100);
  if (type !== 'software') return [line];
  return [
    line,
    style.warn("A software adapter: its times are not a GPU's; its counts and errors hold for any."),
  ];
}

/** Every metric with the runs side by side where 100 columns hold them, else a row for each run. */
function table(runs: readonly DocumentRun[], style: Style): string[] {
  const heads: MetricRow[] = [
    { label: 'status', provenance: '', cell: ({ status }) => status },
    { label: 'tiling', provenance: '', cell: ({ tiling }) => tiling && `br ${tiling.br}, bc ${tiling.bc}` },
  ];
  const rows = [...heads, ...metricRows(runs)].map((row) => ({ ...row, label: cut(row.label, 40) }));
  const cells = runs.map((run) => rows.map(({ cell }) => cut(cell(run) ?? '-', 44)));
  const titles = runs.map((run) => cut(runName(run), 44));
  const widths = cells.map((column, index) =>
    Math.max(titles[index]!.length, ...column.map((cell) => cell.length)),
  );
  const side = Math.max(...rows.map(({ label }) => label.length)) + 2 + 'measured'.length;
  if (columnsThatFit(side, widths) < runs.length) return runTable(runs, style);
  return textTable(
    [
      { title: '', align: 'left' },
      { title: '', align: 'left' },
      ...titles.map((title) => ({ title, align: 'right' as const })),
    ],
    rows.map(({ label, provenance }, row) => [label, provenance, ...cells.map((column) => column[row]!)]),
    style,
  );
}

const baselines: ReadonlySet<string> = new Set(['standard', 'pytorch-eager']);

/** A run against `standard` of the same pass, or against the first run of that pass where there is none. */
export function comparisonIn(runs: readonly DocumentRun[], run: DocumentRun): string | null {
  const ours = findAlgorithm(run.algorithm) !== undefined;
  // A library's kernel is set beside a library's kernel.
  const same = runs.filter(
    ({ pass, algorithm }) => pass === run.pass && (findAlgorithm(algorithm) !== undefined) === ours,
  );
  const baseline = same.find(({ algorithm }) => baselines.has(algorithm)) ?? same[0];
  return baseline === undefined || baseline === run ? null : comparison(baseline, run);
}

/** What one run saves against another, each factor with the row it comes from; null where nothing compares. */
export function comparison(baseline: DocumentRun, run: DocumentRun): string | null {
  const factors: string[] = [];
  const compare = (before: number, after: number, [less, more]: [string, string], provenance: string) => {
    if (before <= 0 || after <= 0) return;
    const factor = after > before ? formatRatio(after, before) : formatRatio(before, after);
    factors.push(`${factor} ${after > before ? more : less} (${provenance})`);
  };
  if (baseline.time && run.time) {
    compare(baseline.time.medianMs, run.time.medianMs, ['less time', 'more time'], 'measured');
  }
  if (!baseline.time && !run.time && baseline.projection && run.projection) {
    compare(baseline.projection.ms, run.projection.ms, ['less time', 'more time'], 'modelled');
  }
  const account = baseline.traffic.counted && run.traffic.counted ? 'counted' : 'exact';
  const { [account]: before } = baseline.traffic;
  const { [account]: after } = run.traffic;
  if (before && after) {
    const bytes: [string, string] = ['fewer bytes moved', 'more bytes moved'];
    compare(Number(movedBytes(before)), Number(movedBytes(after)), bytes, account);
  }
  if (baseline.memory && run.memory) {
    const sizes = [baseline, run].map(({ memory }) => Number(memory!.peakBytes)) as [number, number];
    compare(...sizes, ['less memory', 'more memory'], 'exact');
  }
  return factors.length === 0 ? null : `${runName(run)} against ${runName(baseline)}: ${factors.join(', ')}.`;
}
