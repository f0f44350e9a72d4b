import type { CaseRandom } from './random.ts';

/** Levels of each factor, by name. */
export type Factors = Readonly<Record<string, readonly string[]>>;
export type Row = Record<string, string>;

/** How many candidates a row is chosen from; more make fewer rows, slowly. */
const candidates = 30;

/**
 * Rows that together contain every combination of levels of every `strength` factors: a covering array,
 * built greedily (Cohen et al. 1997, "The AETG System"). The same random numbers give the same rows.
 */
export function coveringRows(factors: Factors, strength: 2 | 3, random: CaseRandom): Row[] {
  const names = Object.keys(factors);
  const open = new Set(allTuples(factors, subsets(names, strength)));
  const groups = subsets(names, strength);
  const rows: Row[] = [];
  while (open.size > 0) {
    let best: Row = {};
    let bestGain = -1;
    for (let tried = 0; tried < candidates; tried++) {
      const row = candidate(factors, open, random);
      const gain = tuplesOf(row, groups).filter((tuple) => open.has(tuple)).length;
      if (gain > bestGain) [best, bestGain] = [row, gain];
    }
    for (const tuple of tuplesOf(best, groups)) open.delete(tuple);
    rows.push(best);
  }
  return rows;
}

/** How many combinations of `strength` factors there are, and how many the rows contain. */
export function coverage(factors: Factors, strength: 2 | 3, rows: readonly Row[]) {
  const groups = subsets(Object.keys(factors), strength);
  const covered = new Set(rows.flatMap((row) => tuplesOf(row, groups)));
  return { combinations: new Set(allTuples(factors, groups)).size, covered: covered.size };
}

/** A row that holds one combination still open, the rest at random. */
function candidate(factors: Factors, open: ReadonlySet<string>, random: CaseRandom): Row {
  const row: Row = {};
  for (const [name, levels] of Object.entries(factors)) row[name] = random.pick(levels);
  const wanted = random.pick([...open]);
  for (const part of wanted.split('&')) {
    const at = part.indexOf('=');
    row[part.slice(0, at)] = part.slice(at + 1);
  }
  return row;
}

function subsets(names: readonly string[], size: number): string[][] {
  if (size === 0) return [[]];
  return names.flatMap((name, index) =>
    subsets(names.slice(index + 1), size - 1).map((rest) => [name, ...rest]),
  );
}

function tuplesOf(row: Row, groups: readonly string[][]): string[] {
  return groups.map((group) => group.map((name) => `${name}=${row[name]}`).join('&'));
}

function allTuples(factors: Factors, groups: readonly string[][]): string[] {
  const expand = (group: readonly string[]): string[] => {
    const [name, ...rest] = group;
    if (name === undefined) return [''];
    const tails = expand(rest);
    return factors[name]!.flatMap((level) => tails.map((tail) => `${name}=${level}${tail && `&${tail}`}`));
  };
  return groups.flatMap(expand);
}
