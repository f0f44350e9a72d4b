import type { DeviceLimits } from '../../attention/limits.ts';
import { formatBytes } from '../../attention/units.ts';
import type { AttentionSite } from '../../shapes/site.ts';
import { movedBytes } from './siteCosts.ts';
import { type SymbolValues, siteProblem } from './siteProblem.ts';
import { missingName, optionTexts, shapeWords } from './siteWords.ts';

/** A call site in a line: for lenses and trees. */
export interface SiteSummary {
  /** `8 × 16 × 4,096 × 64, causal`: sizes or symbols, and options that are on. */
  shape: string;
  /** `standard 8.9 GB, flash2 537 MB HBM (exact)`, or why there is no cost. */
  cost: string;
  /** HBM bytes of the first algorithm; null where there is no cost. */
  bytes: bigint | null;
  /** Names that a profile would ask for. */
  missing: string[];
}

/** Two numbers can be compared in passing; more are for the hover. */
const mostAlgorithms = 2;

export function siteSummary(
  site: AttentionSite,
  values: SymbolValues,
  algorithms: readonly string[],
  limits: DeviceLimits,
): SiteSummary {
  const { problem, missing, answered } = siteProblem(site, values);
  const options = optionTexts(site).map(({ field, text }) =>
    field === 'causal' ? text.split(' ')[0]! : text,
  );
  const shape = [shapeWords(site), ...options].join(', ');
  const names = missing.map(missingName);
  const none = { shape, bytes: null, missing: names };
  if (!problem) return { ...none, cost: `${names.join(', ')} not known` };
  if (!problem.ok) return { ...none, cost: `not costed: ${problem.error}` };
  const moved = movedBytes(problem.value, algorithms, limits);
  if (moved.length === 0) return { ...none, cost: 'no algorithm of the settings computes it' };
  const each = moved.slice(0, mostAlgorithms).map(({ id, bytes }) => `${id} ${formatBytes(bytes)}`);
  const said = answered.map(({ symbol, value }) => `${symbol} = ${value}`).join(', ');
  const cost = `${each.join(', ')} HBM (exact)${said === '' ? '' : ` at ${said}`}`;
  return { shape, cost, bytes: moved[0]!.bytes, missing: [] };
}
