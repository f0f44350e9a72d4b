import {
  type Access,
  addTally,
  emptyTally,
  sumTraffic,
  type Tally,
  type Traffic,
} from '../../attention/traffic.ts';
import type { AccessSite, LinkedModule, SiteCount } from '../plan.ts';

/** What one line of a kernel's linked WGSL accessed. */
export interface LineTraffic extends Tally {
  module: string;
  /** Line in the module's plain WGSL, from 1. */
  line: number;
}

/**
 * Sums the totals of access sites into traffic per buffer and stage. `stages` in the order in which they run. A
 * buffer that a stage could have accessed and never did is listed with zeros.
 * Throws where a count names a module, site or stage that is not there, or is no whole number.
 */
export function countedTraffic(
  modules: readonly LinkedModule[],
  stages: readonly string[],
  counts: readonly SiteCount[],
): Traffic<'counted'> {
  return sumTraffic(
    'counted',
    stages,
    counts.map((count) => accessOf(modules, count).access),
  );
}

/** The same totals by source line over all stages, in the order of modules and lines; lines that never accessed anything left out. */
export function countedPerLine(
  modules: readonly LinkedModule[],
  counts: readonly SiteCount[],
): LineTraffic[] {
  const lines = new Map<string, LineTraffic>();
  for (const count of counts) {
    const { access, site } = accessOf(modules, count);
    if (access.accesses === 0n) continue;
    const key = `${site.line} ${count.module}`;
    const line = lines.get(key) ?? { module: count.module, line: site.line, ...emptyTally() };
    lines.set(key, line);
    const {
      provenance: _,
      buffers: __,
      stages: ___,
      ...tally
    } = sumTraffic('counted', [access.stage], [access]);
    addTally(line, tally);
  }
  const order = new Map(modules.map((module, index) => [module.id, index]));
  return [...lines.values()].sort((a, b) => order.get(a.module)! - order.get(b.module)! || a.line - b.line);
}

function accessOf(modules: readonly LinkedModule[], count: SiteCount): { access: Access; site: AccessSite } {
  const site = modules.find((module) => module.id === count.module)?.counting.sites[count.site];
  if (!site)
    throw new Error(`a count names site ${count.site} of module ${count.module}, which does not exist`);
  if (!/^\d+$/.test(count.count)) {
    throw new Error(
      `the count of site ${count.site} of module ${count.module} is no whole number: ${count.count}`,
    );
  }
  const { buffer, kind, bytesPerAccess } = site;
  return {
    access: { stage: count.stage, buffer, kind, accesses: BigInt(count.count), bytesPerAccess },
    site,
  };
}
