import { formatBytes, formatCount, formatInteger } from '../../attention/units.ts';
import type { DocumentRun, DocumentTraffic } from '../../profiler/document/schema.ts';
import { type ChartModel, type ChartRow, rowsInWords } from './chart.ts';
import { bufferOf } from './checks.ts';
import { type Comparison, runNames } from './comparison.ts';
import { type BigTally, bigTally } from './count.ts';
import { figure, provenanceMeaning } from './provenance.ts';
import { type Cell, figures, none, type TableModel, type TableRow, words } from './table.ts';
import { isPairwise, sortTensors, tensorLabel } from './tensors.ts';

/** Bytes moved, or access expressions executed. */
export type TrafficUnit = 'bytes' | 'accesses';

/** From what nothing can undercut to what was seen; a row that a run lacks is left out. */
const accounts = ['bound', 'counted', 'exact', 'modelled', 'measured'] as const;

export function trafficChart(comparison: Comparison, unit: TrafficUnit): ChartModel {
  const names = runNames(comparison.runs);
  const tensors = tensorsOf(comparison.runs);
  const format = unit === 'bytes' ? formatBytes : formatCount;
  const rows: ChartRow[] = [];
  const columns: (DocumentTraffic | null)[] = [];
  for (const [index, run] of comparison.runs.entries()) {
    rows.push({ kind: 'heading', label: names[index]!, text: '' });
    columns.push(null);
    const present = accountsOf(run);
    if (present.length === 0) {
      rows.push({ kind: 'bar', label: 'traffic', text: run.status === 'ok' ? 'not counted' : run.status });
      columns.push(null);
    }
    for (const traffic of present) {
      const text = format(amount(bigTally(traffic), unit));
      rows.push({ kind: 'bar', label: traffic.provenance, text });
      columns.push(traffic);
    }
  }
  return {
    id: 'traffic',
    label: `HBM accesses in ${unit}, by tensor. ${rowsInWords(rows)}.`,
    unit,
    rows,
    series: tensors.map((name) => {
      const amounts = columns.map((traffic) => {
        const buffer = traffic && bufferOf(traffic, name);
        return buffer ? amount(bigTally(buffer), unit) : null;
      });
      return {
        name,
        label: tensorLabel(name),
        pairwise: isPairwise(name),
        values: amounts.map((value) => (value === null ? null : Number(value))),
        texts: amounts.map((value) => (value === null ? null : format(value))),
      };
    }),
  };
}

export function trafficTable(comparison: Comparison, unit: TrafficUnit): TableModel {
  const names = runNames(comparison.runs);
  const tensors = tensorsOf(comparison.runs);
  return {
    id: 'traffic',
    caption: unit === 'bytes' ? 'Bytes through storage buffers' : 'Loads and stores of storage buffers',
    columns: [unit === 'bytes' ? 'bytes' : 'accesses', 'all', ...tensors, 'provenance'],
    groups: comparison.runs.map((run, index) => ({
      header: names[index]!,
      rows: trafficRows(run, names[index]!, tensors, unit),
    })),
  };
}

function trafficRows(run: DocumentRun, name: string, tensors: string[], unit: TrafficUnit): TableRow[] {
  const present = accountsOf(run);
  if (present.length === 0) {
    const state = run.status === 'ok' ? 'not counted' : run.status;
    return [{ header: 'traffic', cells: [words(state), ...tensors.map(() => none), none] }];
  }
  return present.flatMap((traffic) => accountRows(traffic, name, tensors, unit));
}

function accountRows(
  traffic: DocumentTraffic,
  name: string,
  tensors: string[],
  unit: TrafficUnit,
): TableRow[] {
  const kinds =
    unit === 'bytes' ? (['both', 'read', 'written'] as const) : (['both', 'loads', 'stores'] as const);
  const format = unit === 'bytes' ? formatBytes : formatCount;
  const what = unit === 'bytes' ? 'bytes' : 'accesses';
  return kinds.map((kind) => {
    const cell = (tally: BigTally, tensor: string): Cell => {
      const value = pick(tally, unit, kind);
      const verb = kind === 'both' ? `${what}, in and out,` : unit === 'bytes' ? `bytes ${kind}` : kind;
      const about = `${formatInteger(value)} ${verb} of ${tensor} by ${name}${behindCache(traffic)}.`;
      return figures([figure(format(value), traffic.provenance, about)], false);
    };
    return {
      header: kind === 'both' ? traffic.provenance : kind,
      indent: kind !== 'both',
      strong: kind === 'both',
      cells: [
        cell(bigTally(traffic), 'all tensors'),
        ...tensors.map((tensor) => {
          const buffer = bufferOf(traffic, tensor);
          return buffer ? cell(bigTally(buffer), tensorLabel(tensor)) : none;
        }),
        words(traffic.provenance),
      ],
    };
  });
}

/** Modelled traffic is what a cache lets through; the other rows are issued. */
function behindCache(traffic: DocumentTraffic): string {
  const cache = 'cache' in traffic ? (traffic as DocumentTraffic<'modelled'>).cache : undefined;
  if (!cache) return '';
  const approximations = [
    cache.coarsening > 1 ? `, ${formatInteger(cache.coarsening)} neighbouring tiles taken as one` : '',
    cache.sampledHeads !== null ? `, ${formatInteger(cache.sampledHeads)} heads standing for all` : '',
    cache.waveStride > 1 ? `, one wave in ${formatInteger(cache.waveStride)} standing for all` : '',
  ];
  return (
    ` that pass between memory and a cache of ${formatBytes(cache.bytes)}, as ${cache.device} has it, ` +
    `with ${formatInteger(cache.residentWorkgroups)} workgroups at a time${approximations.join('')}`
  );
}

/** What the rows of a chart or table of this comparison mean, each word once. */
export function accountMeanings(comparison: Comparison): { word: string; meaning: string }[] {
  const present = new Set(
    comparison.runs.flatMap((run) => accountsOf(run).map(({ provenance }) => provenance)),
  );
  return accounts
    .filter((word) => present.has(word))
    .map((word) => ({
      word,
      meaning: (word === 'modelled' && cacheMeaning(comparison)) || provenanceMeaning[word],
    }));
}

/** Whose cache the modelled rows are behind, where they say so. */
function cacheMeaning({ runs }: Comparison): string | null {
  const cache = runs.flatMap(({ traffic: { modelled } }) => modelled?.cache ?? [])[0];
  if (!cache) return null;
  return (
    `Modelled: what passes a cache of ${formatBytes(cache.bytes)}, as ${cache.device} has it, to memory and ` +
    'back; computed, not observed.'
  );
}

function accountsOf(run: DocumentRun): DocumentTraffic[] {
  return accounts.map((account) => run.traffic[account]).filter((traffic) => traffic !== undefined);
}

function tensorsOf(runs: readonly DocumentRun[]): string[] {
  return sortTensors(
    runs.flatMap((run) => accountsOf(run).flatMap((traffic) => Object.keys(traffic.buffers))),
  );
}

function amount(tally: BigTally, unit: TrafficUnit): bigint {
  return pick(tally, unit, 'both');
}

function pick(
  tally: BigTally,
  unit: TrafficUnit,
  kind: 'read' | 'written' | 'loads' | 'stores' | 'both',
): bigint {
  const [inward, outward] =
    unit === 'bytes' ? [tally.readBytes, tally.writeBytes] : [tally.loads, tally.stores];
  if (kind === 'both') return inward + outward;
  return kind === 'read' || kind === 'loads' ? inward : outward;
}
