import { type CatalogueRow, catalogue } from '../attention/catalogue.ts';
import { type Causal, causalAlignments, type Dtype, dtypes, type Pass } from '../attention/problem.ts';
import { microTile, type RequestedTiling } from '../attention/tiling.ts';
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

/** `forward`, `backward` or `both`, as far as every algorithm has them. */
export function readPasses(text: string, rows: readonly CatalogueRow[]): Pass[] {
  const choices: Record<string, Pass[]> = {
    forward: ['forward'],
    backward: ['backward'],
    both: ['forward', 'backward'],
  };
  if (!Object.hasOwn(choices, text)) {
    throw new WrongUse(`unknown pass ${quote(text)}: give forward, backward or both`);
  }
  const passes = choices[text]!;
  const lacking = rows.filter((row) => passes.some((pass) => !row.passes.includes(pass)));
  if (lacking.length > 0) throw notYet('pass', text, lacking, ({ passes }) => passes);
  return passes;
}

export function readDtype(text: string, rows: readonly CatalogueRow[]): Dtype {
  const dtype = dtypes.find((candidate) => candidate === text);
  if (!dtype) throw new WrongUse(`unknown dtype ${quote(text)}: give ${dtypes.join(', ')}`);
  const lacking = rows.filter((row) => !row.dtypes.includes(dtype));
  if (lacking.length > 0) throw notYet('dtype', text, lacking, (row) => row.dtypes);
  return dtype;
}

/** `dtype f16 is not available yet for standard, flash2: f32`. */
function notYet(
  what: string,
  value: string,
  lacking: readonly CatalogueRow[],
  of: (row: CatalogueRow) => readonly string[],
): WrongUse {
  const available = [...new Set(lacking.flatMap(of))].join(', ');
  const ids = lacking.map(({ id }) => id).join(', ');
  return new WrongUse(`${what} ${value} is not available yet for ${ids}: ${available}`);
}

/** An alignment given alone means causal. */
export function readCausal(causal: boolean | undefined, align: string | undefined): Causal {
  if (align === undefined) return causal ? 'bottom-right' : false;
  const alignment = causalAlignments.find((candidate) => candidate === align);
  if (!alignment) {
    throw new WrongUse(`unknown causal alignment ${quote(align)}: give ${causalAlignments.join(' or ')}`);
  }
  return alignment;
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
