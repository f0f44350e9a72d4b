import { type CatalogueRow, catalogue } from '../attention/catalogue.ts';
import type { Pass, Problem } from '../attention/problem.ts';
import { unsupported } from '../attention/support.ts';
import { microTile, type RequestedTiling } from '../attention/tiling.ts';
import { distinct } from './profileRows.ts';
import { quote, WrongUse } from './wrongUse.ts';

/** `all`, or ids of the catalogue separated by commas, in the order given. */
export function readAlgorithms(text: string): CatalogueRow[] {
  if (text === 'all') return [...catalogue];
  const known = `the algorithms are ${catalogue.map(({ id }) => id).join(', ')}, or all`;
  const ids = text.split(',').map((id) => id.trim());
  const rows = ids.map((id) => {
    const row = catalogue.find((candidate) => candidate.id === id);
    if (!row)
      throw new WrongUse(
        id === '' ? `--algorithms has an empty name: ${known}` : `unknown algorithm ${quote(id)}: ${known}`,
      );
    return row;
  });
  return [...new Set(rows)];
}

/** `forward`, `backward` or `both`. */
export function readPasses(text: string): Pass[] {
  const choices: Record<string, Pass[]> = {
    forward: ['forward'],
    backward: ['backward'],
    both: ['forward', 'backward'],
  };
  if (!Object.hasOwn(choices, text)) {
    throw new WrongUse(`unknown pass ${quote(text)}: give forward, backward or both`);
  }
  return choices[text]!;
}

/**
 * Refuses algorithms that were named and cannot do what is asked, in any of the passes. With `all` those
 * that cannot are left to be skipped, unless that leaves none.
 */
export function checkSupport(
  text: string,
  rows: readonly CatalogueRow[],
  problem: Problem,
  passes: readonly Pass[],
): void {
  const reasons = rows.flatMap((row) => passes.map((pass) => unsupported(row, problem, pass)));
  const refused = reasons.filter((reason) => reason !== null);
  if (refused.length === 0) return;
  if (text !== 'all') throw new WrongUse(distinct(refused).join('; '));
  if (refused.length === reasons.length) {
    throw new WrongUse(`no algorithm can do this: ${distinct(refused).join('; ')}`);
  }
}

export function readAdapter(text: string): string {
  if (text.trim() === '') {
    throw new WrongUse(
      '--adapter is empty: give auto, hardware, software, embedded or part of a name (attnprof devices)',
    );
  }
  return text.trim();
}

/** `br=64,bc=32`, either or both. */
export function readTiling(text: string): RequestedTiling {
  const right = `give br=64,bc=32, multiples of ${microTile}`;
  const tiling: RequestedTiling = {};
  for (const part of text.split(',')) {
    const [, name, digits] = /^\s*(br|bc)\s*=\s*(\d{1,6})\s*$/.exec(part) ?? [];
    if (name !== 'br' && name !== 'bc')
      throw new WrongUse(`--tiling ${quote(part)} is not understood: ${right}`);
    if (tiling[name] !== undefined) throw new WrongUse(`--tiling gives ${name} twice: ${right}`);
    const rows = Number(digits);
    if (rows < microTile || rows % microTile !== 0)
      throw new WrongUse(`--tiling ${name}=${rows} is not possible: ${right}`);
    tiling[name] = rows;
  }
  return tiling;
}

/** A whole number within bounds, both included. */
export function readWhole(option: string, text: string, minimum: number, maximum: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= minimum && value <= maximum)) {
    throw new WrongUse(
      `${option} ${quote(text)} is not possible: give a whole number from ${minimum} to ${maximum}`,
    );
  }
  return value;
}

export const maxSeed = 2 ** 32 - 1;
export const maxBudgetSeconds = 86_400;

export function readSeconds(option: string, text: string): number {
  const value = /^\d{1,9}(\.\d{1,9})?$|^\.\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value > 0 && value <= maxBudgetSeconds)) {
    throw new WrongUse(
      `${option} ${quote(text)} is not possible: give seconds above 0, at most ${maxBudgetSeconds}`,
    );
  }
  return value;
}
