import type { CatalogueRow } from '../attention/catalogue.ts';
import { boundTraffic } from '../attention/cost/bound.ts';
import type { Cost } from '../attention/cost/cost.ts';
import { costOf } from '../attention/costOf.ts';
import { largestHeadBinding } from '../attention/headBytes.ts';
import type { DeviceLimits } from '../attention/limits.ts';
import { noOptions, type Problem } from '../attention/problem.ts';
import type { Shape } from '../attention/shape.ts';
import { unsupported } from '../attention/support.ts';
import type { Tiling } from '../attention/tiling.ts';
import { formatBytes, formatCount, formatFlops, formatInteger, formatRatio } from '../attention/units.ts';

export interface HoverTextOptions {
  shape: Shape;
  /** How the shape was read; text from the document may be part of it. */
  assumption: string;
  rows: readonly CatalogueRow[];
  limits: DeviceLimits;
  /** Whose limits these are: `the limits of NVIDIA A100`. */
  limitsOf: string;
  /** Markdown of the link that profiles. It stands near the top, where a small hover does not cut it off. */
  link?: string;
}

interface AlgorithmCost {
  row: CatalogueRow;
  tiling: Tiling;
  cost: Cost;
}

/**
 * The hover's Markdown: the shape as understood, the exact cost of each algorithm beside the lower bound, and
 * the tiling assumed. No GPU is touched.
 */
export function hoverText(options: HoverTextOptions): string {
  const { shape, assumption, rows, limits, limitsOf, link } = options;
  const problem: Problem = { ...shape, ...noOptions, dtype: 'f32', seed: 0 };
  const head = [
    `**Attention** ${describeShape(shape)}`,
    `*${escapeMarkdown(assumption)}; f32, forward, no mask*`,
    ...(link ? [link] : []),
  ].join('  \n');
  const { table, notes } = costParts(problem, { rows, limits, limitsOf });
  return [head, table, notes.join('  \n')].filter((part) => part !== '').join('\n\n');
}

/** The table of a problem's costs, empty where no algorithm has one, and lines that go below it. */
export function costParts(
  problem: Problem,
  { rows, limits, limitsOf }: Pick<HoverTextOptions, 'rows' | 'limits' | 'limitsOf'>,
): { table: string; notes: string[] } {
  const costs: AlgorithmCost[] = [];
  const notes: string[] = [];
  for (const row of rows) {
    // What needs an option, such as a block mask, has no cost without it.
    if (unsupported(row, problem, 'forward') !== null) continue;
    const found = costOf(row, problem, limits);
    if (!found.ok) {
      notes.push(`${row.title}: ${escapeMarkdown(found.error)}.`);
    } else {
      costs.push({ row, ...found.value });
      if (found.value.tiling.headsPerSlice === 0) {
        notes.push(doesNotFit(row, problem, found.value.tiling, limits));
      }
    }
  }
  if (costs.length > 0)
    notes.push(`Tiling assumed: ${describeTilings(costs)}, from ${escapeMarkdown(limitsOf)}.`);
  const lines = [comparison(costs), ...notes].filter((line) => line !== '');
  return { table: costTable(problem, costs), notes: lines };
}

function describeShape({ batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV }: Shape): string {
  const kv = kvHeads === heads ? '' : ` (${formatInteger(kvHeads)} kv)`;
  const keys = seqLenKv === seqLenQ ? '' : ` × ${formatInteger(seqLenKv)} keys`;
  const values = headDimV === headDim ? '' : ` (values ${headDimV})`;
  return (
    `batch ${formatInteger(batch)} · heads ${formatInteger(heads)}${kv} · ` +
    `sequence ${formatInteger(seqLenQ)}${keys} · head dim ${headDim}${values}`
  );
}

function costTable(problem: Problem, costs: AlgorithmCost[]): string {
  if (costs.length === 0) return '';
  const bound = boundTraffic(problem);
  const row = (title: string, least: string, of: (cost: Cost) => string) =>
    `| ${title} | ${[...costs.map(({ cost }) => of(cost)), least].join(' | ')} |`;
  return [
    `| | ${[...costs.map(({ row: { id } }) => `${id} (exact)`), 'bound'].map(spaced).join(' | ')} |`,
    `|:--|${'--:|'.repeat(costs.length + 1)}`,
    row('HBM bytes moved', formatBytes(bound.readBytes + bound.writeBytes), (cost) =>
      formatBytes(trafficBytes(cost)),
    ),
    row('HBM accesses', formatCount(bound.loads + bound.stores), ({ traffic }) =>
      formatCount(traffic.loads + traffic.stores),
    ),
    row('Memory', '', ({ memory }) => formatBytes(memory.peakBytes)),
    row('Arithmetic', '', ({ flops }) => formatFlops(flops.exact)),
  ].join('\n');
}

/** Bytes that pass between HBM and the chip, either way. */
export function trafficBytes({ traffic }: Cost): bigint {
  return traffic.readBytes + traffic.writeBytes;
}

/** Keeps columns apart; Markdown drops blanks at the edge of a cell, but not this one. */
function spaced(title: string): string {
  return `&emsp;${title}`;
}

/** One sentence that names its row. */
function comparison(costs: AlgorithmCost[]): string {
  const standard = costs.find(({ row }) => row.id === 'standard');
  const flash = costs.find(({ row }) => row.id === 'flash2');
  if (!standard || !flash) return '';
  const bytes = ({ cost }: AlgorithmCost) => trafficBytes(cost);
  const [more, less] = bytes(standard) >= bytes(flash) ? [standard, flash] : [flash, standard];
  return `HBM bytes moved (exact): ${more.row.id} ${formatRatio(bytes(more), bytes(less))} those of ${less.row.id}.`;
}

function doesNotFit(row: CatalogueRow, problem: Problem, tiling: Tiling, limits: DeviceLimits): string {
  const needed = largestHeadBinding(row.forward, problem, tiling);
  const most = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
  return `${row.title} cannot run there: one head needs a buffer of ${formatBytes(needed)}, the limit is ${formatBytes(most)}.`;
}

function describeTilings(costs: AlgorithmCost[]): string {
  const named = costs.map(({ row, tiling }) => ({ id: row.id, tile: `br=${tiling.br} bc=${tiling.bc}` }));
  return new Set(named.map(({ tile }) => tile)).size === 1
    ? named[0]!.tile
    : named.map(({ id, tile }) => `${id} ${tile}`).join(', ');
}

/** Text from a document or a driver, made harmless inside Markdown. */
export function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!|<>~&$]/g, '\\$&').replace(/\s+/g, ' ');
}

/** A name from a document, cut where it is too long to be one. */
export function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
