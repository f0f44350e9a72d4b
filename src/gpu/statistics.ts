export interface Quartiles {
  median: number;
  p25: number;
  p75: number;
}

/**
 * Quantile by linear interpolation between the two nearest order statistics, h = (n - 1) p: type 7 of
 * Hyndman and Fan, "Sample Quantiles in Statistical Packages" (1996), the default of NumPy and R.
 */
export function quantile(values: readonly number[], p: number): number {
  if (values.length === 0) throw new RangeError('a quantile needs at least one value');
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * p;
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (position - below);
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quartiles(values: readonly number[]): Quartiles {
  return { median: median(values), p25: quantile(values, 0.25), p75: quantile(values, 0.75) };
}

export function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
