import { bandwidthEfficiency, halfHidden, launchMicroseconds } from '../traits.ts';
import { fusedForward } from './flash3.ts';
import type { Implementation } from './implementation.ts';

/** A workgroup takes two tiles of 128 query rows in turn, and keys 128 at a time. */
const tile = { br: 256, bc: 128 };

export const flashAttention4: Implementation = {
  id: 'flash-attention-4',
  title: 'FlashAttention-4',
  source: 'FlashAttention-4 (arXiv 2603.05451), forward',
  unsupported: ({ dtype, headDim, headDimV }, pass, { computeCapability }) => {
    if (pass === 'backward') return 'its backward pass is not modelled: shared memory bounds it';
    if (dtype === 'f32') return 'it stores f16 and bf16';
    if (Math.max(headDim, headDimV) > 128) return 'head dims up to 128';
    return computeCapability === 10 ? null : 'it runs on server Blackwell alone';
  },
  stages: (problem) => fusedForward(problem, tile),
  traits: () => ({
    name: 'FlashAttention-4',
    products: 'matrix',
    bandwidthEfficiency,
    matmulEfficiency: {
      ...{ least: 0.85, typical: 1, most: 1.1 },
      basis: 'not fitted: the derated rate; the ends are assumed',
    },
    exponentialOverlap: {
      ...{ least: 0, typical: 0.7, most: 1 },
      basis: 'estimated between both bounds: part of the exponentials is computed with multiply-adds',
    },
    memoryOverlap: halfHidden('assumed: the middle of what is possible'),
    launchMicroseconds,
  }),
};
