import type { Dtype } from '../attention/problem.ts';
import type { Outputs } from './check.ts';
import type { Execution } from './execution.ts';
import { firstDifference, type OutputScan } from './outputs.ts';

/**
 * Two compilations of the same arithmetic may fuse multiplications and additions differently on hardware;
 * results then differ by roundings, not by more: in f32 by some, in the 16-bit types by one of the last bit.
 */
const hardwareTolerance: Record<Dtype, number> = { f32: 1e-5, f16: 1e-3, bf16: 8e-3 };

/**
 * Whether the counting build computes what the plain build does: bit for bit on a software adapter; on
 * hardware the compared rows may differ by roundings. The difference in words, or null.
 */
export function compareBuilds(plain: Outputs, counting: Outputs, { isSoftware }: Execution): string | null {
  for (const [name, scan] of plain) {
    const other = counting.get(name)!;
    const difference = firstDifference(scan, other);
    if (!difference) continue;
    const tolerance = hardwareTolerance[scan.layout.dtype];
    if (!isSoftware && other.nonFinite === scan.nonFinite && distance(scan, other) <= tolerance) continue;
    return (
      `its counting build gives other results than the plain build, output ${name}, ` +
      `first in elements ${difference.from} to ${difference.to}`
    );
  }
  return null;
}

/** Over the elements that are finite in both. */
function distance(one: OutputScan, other: OutputScan): number {
  let errorSquared = 0;
  let normSquared = 0;
  for (const [index, value] of one.sampled.entries()) {
    const otherValue = other.sampled[index]!;
    if (!Number.isFinite(value) || !Number.isFinite(otherValue)) continue;
    errorSquared += (value - otherValue) ** 2;
    normSquared += value * value;
  }
  return Math.sqrt(errorSquared / (normSquared || 1));
}
