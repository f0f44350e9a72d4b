import type { Outputs } from './check.ts';
import type { Execution } from './execution.ts';
import { firstDifference, type OutputScan } from './outputs.ts';

/**
 * Two compilations of the same arithmetic may fuse multiplications and additions differently on hardware;
 * f32 results then differ by roundings, not by more.
 */
const hardwareTolerance = 1e-5;

/**
 * Whether the counting build computes what the plain build does: bit for bit on a software adapter; on
 * hardware the compared rows may differ by roundings. The difference in words, or null.
 */
export function compareBuilds(plain: Outputs, counting: Outputs, { isSoftware }: Execution): string | null {
  for (const [name, scan] of plain) {
    const other = counting.get(name)!;
    const difference = firstDifference(scan, other);
    if (!difference) continue;
    if (!isSoftware && other.nonFinite === 0 && distance(scan, other) <= hardwareTolerance) continue;
    return (
      `its counting build gives other results than the plain build, output ${name}, ` +
      `first in elements ${difference.from} to ${difference.to}`
    );
  }
  return null;
}

function distance(one: OutputScan, other: OutputScan): number {
  let errorSquared = 0;
  let normSquared = 0;
  for (const [index, value] of one.sampled.entries()) {
    errorSquared += (value - other.sampled[index]!) ** 2;
    normSquared += value * value;
  }
  return Math.sqrt(errorSquared / (normSquared || 1));
}
