import type { GpuModel } from '../../devices/device.ts';
import { flash2BackwardTraffic, flash2ForwardTraffic } from '../../literature/accounts.ts';
import type { Pass, Problem } from '../../problem.ts';
import type { ProjectedStage } from '../projection.ts';
import {
  bandwidthEfficiency,
  halfHidden,
  type KernelTraits,
  launchMicroseconds,
  type Parameter,
} from '../traits.ts';
import type { Implementation } from './implementation.ts';
import { existingTile, releasedTile } from './releasedTiles.ts';
import { computedPairs, computedTiles, type KernelTile } from './tiles.ts';

/** Bytes of an element in shared memory and on the matrix units. */
const elementBytes = 2;

const noOtherWork = { matmulFlops: 0n, exponentials: 0n, dispatches: 1 } as const;

/**
 * What the products of a forward tile read from shared memory: each warp owns br / warps rows and reads the whole
 * block of K and of V for them; Q is read again for each block of keys.
 */
function forwardFeed(problem: Problem, tile: KernelTile): bigint {
  const { headDim, headDimV } = problem;
  const perTile = (tile.warps ?? 4) * tile.bc * (headDim + headDimV) + tile.br * headDim;
  return BigInt(computedTiles(problem, tile)) * BigInt(perTile * elementBytes);
}

/**
 * The workgroups of a head start together and walk its keys in step, so that the cache serves all reads of a block
 * of K and V but the first: a choice of the model, which no published figure settles.
 */
function forward(problem: Problem, gpu: GpuModel): ProjectedStage[] {
  const { batch, heads, headDim, headDimV, seqLenQ } = problem;
  const tile = existingTile(2, problem, 'forward', gpu);
  const rowBlocks = Math.ceil(seqLenQ / tile.br);
  const pairs = computedPairs(problem, tile);
  return [
    {
      stage: 'attention',
      bytes: flash2ForwardTraffic(problem, { br: tile.br, missRatio: 0 }).bytes,
      matmulFlops: 2n * pairs * BigInt(headDim + headDimV),
      exponentials: pairs,
      sharedMemoryBytes: forwardFeed(problem, tile),
      dispatches: 1,
      workgroups: batch * heads * rowBlocks,
    },
  ];
}

function backward(problem: Problem, gpu: GpuModel): ProjectedStage[] {
  const { batch, heads, headDim, headDimV, seqLenQ, seqLenKv } = problem;
  const tile = existingTile(2, problem, 'backward', gpu);
  const pairs = computedPairs(problem, tile);
  const account = flash2BackwardTraffic(problem, { bc: tile.bc, missRatio: 0 });
  const bytesOf = (...names: string[]) =>
    account.stages
      .filter(({ stage }) => names.includes(stage))
      .reduce((sum, { readBytes, writeBytes }) => sum + readBytes + writeBytes, 0n);
  const rows = batch * heads * Math.ceil(seqLenQ / tile.br);
  return [
    { stage: 'prepare', bytes: bytesOf('prepare'), ...noOtherWork, workgroups: rows },
    {
      stage: 'gradients',
      bytes: bytesOf('keys', 'queries', 'query gradients'),
      matmulFlops: 2n * pairs * BigInt(3 * headDim + 2 * headDimV),
      exponentials: pairs,
      dispatches: 1,
      workgroups: batch * heads * Math.ceil(seqLenKv / tile.bc),
    },
    { stage: 'finish', bytes: bytesOf('finish', 'sum of groups'), ...noOtherWork, workgroups: rows },
  ];
}

const wholeRate = (basis: string): Parameter => ({ least: 0.8, typical: 1, most: 1, basis });

/** Share of the derated rate: its instructions are those of Ampere, which Hopper's matrix units outrun. */
function matmulEfficiency(pass: Pass, gpu: GpuModel): Parameter {
  const isHopperOrLater = gpu.computeCapability !== null && gpu.computeCapability >= 9;
  if (isHopperOrLater) {
    return {
      ...{ least: pass === 'forward' ? 0.5 : 0.4, typical: pass === 'forward' ? 0.645 : 0.49, most: 0.8 },
      basis:
        'forward from FlashAttention-3 Figure 5, FlashAttention-2, d = 64, 16k (H100); backward by the ratio of A100',
    };
  }
  if (pass === 'forward') return wholeRate('not fitted: the derated rate; the lower end is assumed');
  return {
    ...{ least: 0.6, typical: 0.765, most: 0.9 },
    basis: 'least squares over FlashAttention-2 Figure 4, FlashAttention-2, not causal, 16k (A100 80GB)',
  };
}

export function flash2Traits(pass: Pass, gpu: GpuModel): KernelTraits {
  return {
    name: 'FlashAttention-2',
    products: 'matrix',
    bandwidthEfficiency,
    matmulEfficiency: matmulEfficiency(pass, gpu),
    exponentialOverlap: {
      ...{ least: 0, typical: 0, most: 1 },
      basis: 'products and softmax of a warp follow one another',
    },
    memoryOverlap: halfHidden('assumed: the middle of what is possible'),
    launchMicroseconds,
  };
}

export const flashAttention2: Implementation = {
  id: 'flash-attention-2',
  title: 'FlashAttention-2',
  source: 'FlashAttention-2 (arXiv 2307.08691), tiles of its released kernels',
  unsupported: (problem, pass, gpu) => {
    if (problem.dtype === 'f32') return 'it stores f16 and bf16';
    return releasedTile(2, problem, pass, gpu) === null ? 'no released kernel has a tile for it' : null;
  },
  stages: (problem, pass, gpu) => (pass === 'forward' ? forward(problem, gpu) : backward(problem, gpu)),
  traits: flash2Traits,
};
