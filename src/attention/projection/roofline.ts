import type { Result } from '../shape.ts';
import type { Machine } from './machine.ts';
import { ratesOf } from './rates.ts';
import type { KernelTraits } from './traits.ts';

/** One account of bytes under the roof. */
export interface RooflinePoint {
  /** Whose bytes: `bound`, `exact`, `counted`, `modelled`. */
  bytesOf: string;
  /** FLOP per byte; null where nothing is moved. */
  intensity: number | null;
  /** The roof at that intensity, 10^9 FLOP per second. */
  attainableGflops: number;
  limitedBy: 'bandwidth' | 'matmul';
}

/** The roofline model (Williams, Waterman and Patterson 2009) of a machine, with points under it. */
export interface Roofline {
  provenance: 'modelled';
  machine: string;
  bandwidthGBs: number;
  peakGflops: number;
  /** FLOP per byte at which both limits meet. */
  ridge: number;
  points: RooflinePoint[];
}

/**
 * min(peak, intensity x bandwidth) for each account of bytes of a kernel of `flops` floating point operations.
 * Rates are peaks (derated for matrix products) without the parameters of a kernel: a roof, not a projection.
 */
export function roofline(
  machine: Machine,
  products: KernelTraits['products'],
  flops: bigint,
  accounts: readonly { bytesOf: string; bytes: bigint }[],
): Result<Roofline> {
  const rates = ratesOf(machine, products, { bytes: true, flops: true });
  if (!rates.ok) return rates;
  const bandwidthGBs = rates.value.bytes / 1e9;
  const peakGflops = rates.value.flops / 1e9;
  const ridge = peakGflops / bandwidthGBs;
  const points = accounts.map(({ bytesOf, bytes }): RooflinePoint => {
    const intensity = bytes === 0n ? null : Number(flops) / Number(bytes);
    const underSlope = intensity !== null && intensity < ridge;
    return {
      bytesOf,
      intensity,
      attainableGflops: underSlope ? intensity * bandwidthGBs : peakGflops,
      limitedBy: underSlope ? 'bandwidth' : 'matmul',
    };
  });
  return {
    ok: true,
    value: { provenance: 'modelled', machine: machine.name, bandwidthGBs, peakGflops, ridge, points },
  };
}
