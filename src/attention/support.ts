import type { CatalogueRow } from './catalogue.ts';
import type { Pass, Problem } from './problem.ts';

/** Why an algorithm does not compute a problem in a pass, in a few words; null where it does. */
export function unsupported(row: CatalogueRow, problem: Problem, pass: Pass): string | null {
  if (!row.passes.includes(pass)) return `${row.id} has no ${pass} pass`;
  if (!row.dtypes.includes(problem.dtype)) {
    return `${row.id} does not store ${problem.dtype}: it has ${row.dtypes.join(', ')}`;
  }
  const reason = row.supports(problem, pass);
  return reason === null ? null : `${row.id}: ${reason}`;
}
