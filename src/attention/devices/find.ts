import type { Result } from '../shape.ts';
import type { GpuModel } from './device.ts';
import { modelWords, nameWords } from './names.ts';
import { gpuTable } from './table.ts';

const mostListed = 6;

/**
 * The row that a text means: its id, its name, what its adapter calls itself, or words (or beginnings of words)
 * that fit one row alone. The error is one line and names those that fit, or those that are near.
 */
export function findGpu(text: string, table: readonly GpuModel[] = gpuTable): Result<GpuModel> {
  const words = nameWords(text);
  const whole = words.join(' ');
  const model = modelWords(text);
  if (whole === '') return fail(`no device is named: give one of ${list(table)}`);
  const means = (known: string) => nameWords(known).join(' ') === whole || modelWords(known) === model;
  const exact = table.filter(
    ({ id, name, adapterNames, aliases }) =>
      nameWords(id).join(' ') === whole || [name, ...adapterNames, ...aliases].some(means),
  );
  if (exact.length === 1) return { ok: true, value: exact[0]! };
  const fitting = table.filter((row) => holdsAll(row, words));
  if (fitting.length === 1) return { ok: true, value: fitting[0]! };
  const quoted = JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
  if (fitting.length > 1) return fail(`${quoted} could be ${list(fitting)}: give one of these`);
  return fail(`no device is called ${quoted}: the nearest are ${list(byNearness(table, whole))}`);
}

function holdsAll({ id, name, adapterNames }: GpuModel, wanted: readonly string[]): boolean {
  const words = [id, name, ...adapterNames].flatMap(nameWords);
  return wanted.every((part) => words.some((word) => word.startsWith(part)));
}

function list(rows: readonly GpuModel[]): string {
  const ids = rows.slice(0, mostListed).map(({ id }) => id);
  return rows.length > mostListed ? `${ids.join(', ')} and ${rows.length - mostListed} more` : ids.join(', ');
}

const nearest = 3;

/** The rows that share most pairs of letters with the text (Dice's coefficient), best first. */
function byNearness(table: readonly GpuModel[], text: string): GpuModel[] {
  const wanted = letterPairs(text);
  const score = (row: GpuModel) => {
    const pairs = letterPairs(nameWords(row.id).join(' '));
    const shared = [...wanted].filter((pair) => pairs.has(pair)).length;
    return (2 * shared) / (wanted.size + pairs.size || 1);
  };
  return [...table].sort((a, b) => score(b) - score(a)).slice(0, nearest);
}

function letterPairs(text: string): Set<string> {
  return new Set(Array.from({ length: Math.max(0, text.length - 1) }, (_, i) => text.slice(i, i + 2)));
}

function fail(error: string): { ok: false; error: string } {
  return { ok: false, error };
}
