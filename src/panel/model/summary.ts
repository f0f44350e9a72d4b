import {
  formatBytes,
  formatDuration,
  formatError,
  formatInteger,
  formatMs,
  formatRatio,
} from '../../attention/units.ts';
import type { DocumentProjection, DocumentRun } from '../../profiler/document/schema.ts';
import { countCheck } from './checks.ts';
import { type Comparison, runNames } from './comparison.ts';
import { totalBytes } from './count.ts';
import { type Figure, figure } from './provenance.ts';
import { type Cell, figures, none, type TableModel, type TableRow, words } from './table.ts';

/** A row for each run, whatever became of it. */
export function summaryTable(comparison: Comparison): TableModel {
  const names = runNames(comparison.runs);
  return {
    id: 'summary',
    caption: 'Summary: one row for each run',
    columns: ['algorithm', 'status', 'device time', 'bytes issued', 'peak memory', 'error vs float64'],
    groups: [{ header: null, rows: comparison.runs.map((run, index) => summaryRow(run, names[index]!)) }],
  };
}

function summaryRow(run: DocumentRun, name: string): TableRow {
  const row: TableRow = {
    header: name,
    cells: [
      words(run.status, run.status === 'ok' ? 'good' : 'bad'),
      timeCell(run),
      bytesCell(run),
      memoryCell(run),
      errorCell(run),
    ],
  };
  if (run.tiling) row.detail = `br ${run.tiling.br} · bc ${run.tiling.bc}`;
  const note = noteOf(run);
  if (note) row.note = note;
  return row;
}

function timeCell({ time, projection }: DocumentRun): Cell {
  const modelled = projection ? [projectedFigure(projection)] : [];
  if (!time) return modelled.length > 0 ? figures(modelled) : none;
  const clock =
    time.clock === 'wall' ? 'by the wall clock: this adapter has no timestamps' : 'by device timestamps';
  const spread = `p25 ${formatMs(time.p25Ms)}, p75 ${formatMs(time.p75Ms)}`;
  const about = `Median of ${time.samplesMs.length} samples ${clock}; ${spread}.`;
  return figures([figure(formatMs(time.medianMs), 'measured', about), ...modelled]);
}

/** The time that the device's rates allow, as a model has it, with its range. */
function projectedFigure({ ms, lowMs, highMs, stages }: DocumentProjection): Figure {
  const limits = [...new Set(stages.map(({ limitedBy }) => limitedBy))].join(', ');
  const about = `Between ${formatMs(lowMs)} and ${formatMs(highMs)}, limited by ${limits}.`;
  return figure(`model ${formatMs(ms)}`, 'modelled', about);
}

/** Bytes, how far they are over the bound, and whether what was counted is what had to be. */
function bytesCell(run: DocumentRun): Cell {
  const row = run.traffic.counted ?? run.traffic.exact;
  if (!row) return none;
  const bytes = totalBytes(row);
  const about = `${formatInteger(row.readBytes)} bytes read and ${formatInteger(row.writeBytes)} written through storage buffers.`;
  const list = [figure(formatBytes(bytes), row.provenance, about)];
  const bound = run.traffic.bound ? totalBytes(run.traffic.bound) : 0n;
  if (bound > 0n) {
    const over = `${formatRatio(bytes, bound)} the bound: the least bytes possible are ${formatInteger(bound)}.`;
    list.push(figure(`${formatRatio(bytes, bound)} bound`, row.provenance, over));
  }
  const cell = figures(list);
  const check = countCheck(run);
  if (cell.kind !== 'figures' || check.kind === 'unknown') return cell;
  const equal = check.kind === 'equal';
  return {
    ...cell,
    verdict: { text: equal ? 'counted = exact' : '✗ counted ≠ exact', alarm: !equal },
  };
}

function memoryCell({ memory }: DocumentRun): Cell {
  if (!memory) return none;
  const about = `${formatInteger(memory.peakBytes)} bytes of tensors at the peak.`;
  return figures([figure(formatBytes(memory.peakBytes), memory.provenance, about)]);
}

function errorCell(run: DocumentRun): Cell {
  const list: Figure[] = Object.entries(run.errors).map(([output, error]) => {
    const bad = error.nonFinite > 0;
    const about =
      `Relative L2 error of ${output} against ${error.reference} over ${formatInteger(error.rows)} of ` +
      `${formatInteger(error.of)} rows; largest ${formatError(error.maxAbs)}; ` +
      `${formatInteger(error.nonFinite)} not finite.`;
    const text = bad
      ? `${output} ${formatInteger(error.nonFinite)} not finite`
      : `${output} ${formatError(error.relativeL2)}`;
    return figure(text, error.provenance, about, bad);
  });
  return figures(list);
}

function noteOf(run: DocumentRun): TableRow['note'] {
  const lines: string[] = [];
  if (run.reason) lines.push(run.reason);
  const check = countCheck(run);
  if (check.kind === 'different') {
    lines.push(`Counts differ from the closed form: ${check.differences.join('; ')}. Do not trust this run.`);
  }
  const { partial } = run;
  if (partial) {
    lines.push(
      `${formatInteger(partial.slicesDone)} of ${formatInteger(partial.slices)} slices done in ` +
        `${formatMs(partial.elapsedMs)} (measured); the whole run would take about ` +
        `${formatDuration(partial.predictedMs)} (projected from them).`,
    );
  }
  if (lines.length === 0) return undefined;
  const tone = run.status === 'failed' || check.kind === 'different' ? 'bad' : 'info';
  const text = lines.join('\n');
  return partial && partial.slices > 0
    ? { text, tone, progress: Math.min(1, partial.slicesDone / partial.slices) }
    : { text, tone };
}
