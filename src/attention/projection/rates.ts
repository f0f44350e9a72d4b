import type { Result } from '../shape.ts';
import type { Machine } from './machine.ts';
import type { KernelTraits } from './traits.ts';

/** What a machine does in a second for one kernel, at peak; null where it is not known. */
export interface Rates {
  bytes: number;
  flops: number;
  exponentials: number | null;
  sharedMemoryBytes: number | null;
}

/** What stages need of a machine: what is not needed may be unknown. */
export interface Needs {
  bytes: boolean;
  flops: boolean;
}

/** Rates for a kernel, or one line that names the missing value. */
export function ratesOf(machine: Machine, products: KernelTraits['products'], needs: Needs): Result<Rates> {
  const { bandwidthGBs, multiprocessors, clockGHz, exponentialsPerClock, sharedMemoryBytesPerClock } =
    machine;
  const missing = (what: string): Result<Rates> => ({
    ok: false,
    error: `no time for ${machine.name}: ${what} is not known; add it in a device table of your own`,
  });
  const tflops = productTflops(machine, products);
  if (needs.bytes && bandwidthGBs === null) return missing('bandwidthGBs');
  if (needs.flops && tflops === null) {
    return missing(products === 'f32' ? 'f32Tflops' : 'neither matmulTflops nor f32Tflops');
  }
  const clocks = multiprocessors === null || clockGHz === null ? null : multiprocessors * clockGHz * 1e9;
  const perClock = (count: number | null) => (clocks === null || count === null ? null : clocks * count);
  return {
    ok: true,
    value: {
      bytes: (bandwidthGBs ?? Number.POSITIVE_INFINITY) * 1e9,
      flops: (tflops ?? Number.POSITIVE_INFINITY) * 1e12,
      exponentials: perClock(exponentialsPerClock),
      // What lowers the rate of products (the clock under load, most of all) lowers what feeds them.
      sharedMemoryBytes: perClock(scaled(sharedMemoryBytesPerClock, machine.matmulDerating)),
    },
  };
}

const scaled = (rate: number | null, derating: number | null) =>
  rate === null ? null : rate * (derating ?? 1);

/** Matrix products at the derated rate; on the ordinary units where the rate of matrix units is not known. */
function productTflops(machine: Machine, products: KernelTraits['products']): number | null {
  const { f32Tflops, matmulTflops, matmulDerating } = machine;
  if (products === 'f32' || matmulTflops === null) return f32Tflops;
  return matmulTflops * (matmulDerating ?? 1);
}
