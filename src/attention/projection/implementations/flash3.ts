import { flash2ForwardTraffic } from '../../literature/accounts.ts';
import type { Problem } from '../../problem.ts';
import type { ProjectedStage } from '../projection.ts';
import { bandwidthEfficiency, halfHidden, type KernelTraits, launchMicroseconds } from '../traits.ts';
import type { Implementation } from './implementation.ts';
import { existingTile, releasedTile } from './releasedTiles.ts';
import { computedPairs, type KernelTile } from './tiles.ts';

/** A forward pass whose workgroups own br query rows and walk the keys: the traffic is FlashAttention-2's. */
export function fusedForward(problem: Problem, tile: KernelTile): ProjectedStage[] {
  const { batch, heads, headDim, headDimV, seqLenQ } = problem;
  const rowBlocks = Math.ceil(seqLenQ / tile.br);
  const pairs = computedPairs(problem, tile);
  return [
    {
      stage: 'attention',
      bytes: flash2ForwardTraffic(problem, { br: tile.br, missRatio: 0 }).bytes,
      matmulFlops: 2n * pairs * BigInt(headDim + headDimV),
      exponentials: pairs,
      dispatches: 1,
      workgroups: batch * heads * rowBlocks,
    },
  ];
}

const traits: KernelTraits = {
  name: 'FlashAttention-3',
  products: 'matrix',
  bandwidthEfficiency,
  matmulEfficiency: {
    ...{ least: 0.85, typical: 1, most: 1.1 },
    basis: 'not fitted: the derated rate; the ends are assumed',
  },
  exponentialOverlap: {
    ...{ least: 0, typical: 0.457, most: 1 },
    basis: 'least squares over FlashAttention-3 Figure 5, 16k, three head dimensions (H100)',
  },
  memoryOverlap: halfHidden('assumed: the middle of what is possible'),
  launchMicroseconds,
};

export const flashAttention3: Implementation = {
  id: 'flash-attention-3',
  title: 'FlashAttention-3',
  source: 'FlashAttention-3 (arXiv 2407.08608), f16 tiles of its released kernels',
  unsupported: (problem, pass, gpu) => {
    if (pass === 'backward') return 'its backward pass is not modelled: no published times at hand';
    if (problem.dtype === 'f32') return 'it stores f16 and bf16';
    if (gpu.computeCapability !== 9) return 'it runs on Hopper alone';
    return releasedTile(3, problem, pass, gpu) === null ? 'no released kernel has a tile for it' : null;
  },
  stages: (problem, pass, gpu) => fusedForward(problem, existingTile(3, problem, pass, gpu)),
  traits: () => traits,
};
