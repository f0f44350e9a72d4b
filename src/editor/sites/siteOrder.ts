import type { AttentionSite } from '../../shapes/site.ts';
import type { SiteSummary } from './siteSummary.ts';

export interface CostedSite {
  site: AttentionSite;
  summary: SiteSummary;
}

/** Most bytes first, then those without a cost; equals stay in their order. */
export function byCost<T>(items: readonly T[], bytesOf: (item: T) => bigint | null): T[] {
  return [...items].sort((a, b) => {
    const [first, second] = [bytesOf(a), bytesOf(b)];
    if (first === second) return 0;
    if (first === null) return 1;
    if (second === null) return -1;
    return first < second ? 1 : -1;
  });
}
