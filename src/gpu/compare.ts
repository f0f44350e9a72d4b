import type { ErrorMeasurement } from './measurement.ts';
import { emptyRowLse } from './reference/softmax.ts';

export interface Comparison {
  relativeL2: number;
  maxAbs: number;
  /** NaN or infinity among the elements compared. */
  nonFinite: number;
}

/**
 * Distance of what a kernel gave from the float64 reference: ||got - expected|| / ||expected||, and the
 * largest absolute difference, over the finite elements; the others are counted. The log-sum-exp of a row
 * that sees no key is a convention, not a sum: where it is met exactly it adds to neither norm.
 */
export function compareWithReference(got: Float32Array, expected: Float64Array): Comparison {
  let errorSquared = 0;
  let normSquared = 0;
  let maxAbs = 0;
  let nonFinite = 0;
  for (let index = 0; index < expected.length; index++) {
    const value = got[index]!;
    const reference = expected[index]!;
    if (!Number.isFinite(value)) {
      nonFinite++;
      continue;
    }
    if (reference === emptyRowLse && value === emptyRowLse) continue;
    const difference = value - reference;
    errorSquared += difference * difference;
    normSquared += reference * reference;
    maxAbs = Math.max(maxAbs, Math.abs(difference));
  }
  // Nothing to compare with is no error; a difference from an all-zero reference is its own size.
  const relativeL2 = errorSquared === 0 ? 0 : Math.sqrt(errorSquared) / (Math.sqrt(normSquared) || 1);
  return { relativeL2, maxAbs, nonFinite };
}

export function errorMeasurement(
  comparison: Comparison,
  rows: number,
  of: number,
  nonFinite: number,
): ErrorMeasurement {
  const { relativeL2, maxAbs } = comparison;
  return { reference: 'float64', rows, of, relativeL2, maxAbs, nonFinite };
}
