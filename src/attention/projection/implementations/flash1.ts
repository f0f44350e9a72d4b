import { flash1BackwardTraffic, flash1ForwardTraffic } from '../../literature/accounts.ts';
import type { Pass, Problem } from '../../problem.ts';
import type { ProjectedStage } from '../projection.ts';
import { bandwidthEfficiency, halfHidden, type KernelTraits, launchMicroseconds } from '../traits.ts';
import type { Implementation } from './implementation.ts';
import { computedPairs } from './tiles.ts';

/** The released kernel walks blocks of keys with 16 query rows at a time. */
const queryRows = 16;
const keyBlock = (headDim: number) => (headDim <= 64 ? 256 : 128);

const matmulEfficiency: Record<Pass, KernelTraits['matmulEfficiency']> = {
  forward: {
    ...{ least: 0.5, typical: 0.671, most: 0.9 },
    basis: 'FlashAttention Table 18, N = 16384 (A100 40GB, d = 64)',
  },
  backward: {
    ...{ least: 0.4, typical: 0.499, most: 0.7 },
    basis: 'FlashAttention Table 19, N = 16384 (A100 40GB, d = 64)',
  },
};

function stages(problem: Problem, pass: Pass): ProjectedStage[] {
  const { batch, heads, headDim, headDimV } = problem;
  const bc = keyBlock(Math.max(headDim, headDimV));
  const rule = { bc, count: 'figure', statistics: true } as const;
  const { bytes } =
    pass === 'forward' ? flash1ForwardTraffic(problem, rule) : flash1BackwardTraffic(problem, rule);
  const pairs = computedPairs(problem, { br: queryRows, bc });
  const columns = pass === 'forward' ? headDim + headDimV : 3 * headDim + 2 * headDimV;
  return [
    {
      stage: pass === 'forward' ? 'attention' : 'gradients',
      bytes,
      matmulFlops: 2n * pairs * BigInt(columns),
      exponentials: pairs,
      dispatches: 1,
      // One workgroup walks a whole head: few heads leave multiprocessors idle.
      workgroups: batch * heads,
    },
  ];
}

export const flashAttention1: Implementation = {
  id: 'flash-attention-1',
  title: 'FlashAttention, first release',
  source: 'FlashAttention (arXiv 2205.14135), Algorithms 1 and 4; release of May 2022',
  unsupported: ({ dtype, headDim, headDimV, heads, kvHeads }) => {
    if (dtype === 'f32') return 'it stores f16 and bf16';
    if (Math.max(headDim, headDimV) > 128) return 'head dims up to 128';
    return heads === kvHeads ? null : 'as many K/V heads as heads';
  },
  stages: (problem, pass) => stages(problem, pass),
  traits: (pass) => ({
    name: 'FlashAttention',
    products: 'matrix',
    bandwidthEfficiency,
    matmulEfficiency: matmulEfficiency[pass],
    exponentialOverlap: { least: 0, typical: 0, most: 1, basis: 'products and softmax follow one another' },
    memoryOverlap: halfHidden('assumed: the middle of what is possible'),
    launchMicroseconds,
  }),
};
