/** A parameter of the time model: what is projected with, the range that a projection spans, and why. */
export interface Parameter {
  least: number;
  typical: number;
  most: number;
  basis: string;
}

/** How well a kernel uses a device: everything about time that its work does not say. */
export interface KernelTraits {
  name: string;
  /** Units on which its products run. */
  products: 'matrix' | 'f32';
  /** Share of the bandwidth that its accesses to device memory reach. */
  bandwidthEfficiency: Parameter;
  /** Share of the (derated) product rate that its instructions reach. */
  matmulEfficiency: Parameter;
  /** Share of the exponentials' time hidden behind products, 0 to 1. */
  exponentialOverlap: Parameter;
  /** Share of the shorter of memory and arithmetic that is hidden behind the longer, 0 to 1. */
  memoryOverlap: Parameter;
  /** What a dispatch costs beside its work, microseconds. */
  launchMicroseconds: Parameter;
}

/** The efficiency of bandwidth on which the model is calibrated; see `eagerTraits`. */
export const bandwidthEfficiency: Parameter = {
  least: 0.5,
  typical: 0.605,
  most: 0.7,
  basis: "least squares over PyTorch's 16 cells of FlashAttention-2 Figure 4 from 1k to 8k (A100 80GB)",
};

/** A copy measured on the device is already what accesses reach: kernels with more than one stream reach less. */
export const measuredBandwidthEfficiency: Parameter = {
  least: 0.6,
  typical: 0.8,
  most: 1,
  basis: 'assumed, of the copy bandwidth measured on the device',
};

export const launchMicroseconds: Parameter = {
  least: 2,
  typical: 4,
  most: 10,
  basis: 'assumed; usual for queued dispatches',
};

/** Half of the shorter: nothing known speaks for either end. */
export const halfHidden = (basis: string): Parameter => ({ least: 0, typical: 0.5, most: 1, basis });

/** Traits of the product's own kernels: tiled f32 arithmetic in WGSL, no matrix units. */
export function wgslTraits(basis: 'table' | 'measured'): KernelTraits {
  return {
    name: 'WGSL kernel',
    products: 'f32',
    bandwidthEfficiency: basis === 'table' ? bandwidthEfficiency : measuredBandwidthEfficiency,
    matmulEfficiency: {
      least: 0.15,
      typical: 0.35,
      most: 0.7,
      basis: 'assumed for 4 x 4 register blocks fed from workgroup memory; not calibrated',
    },
    exponentialOverlap: halfHidden('assumed: the middle of what is possible'),
    memoryOverlap: halfHidden('assumed: the middle of what is possible'),
    launchMicroseconds,
  };
}
