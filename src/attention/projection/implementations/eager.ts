import {
  type AccountStage,
  standardBackwardTraffic,
  standardForwardTraffic,
  accountUnits as unitsOf,
} from '../../literature/accounts.ts';
import { visiblePairs } from '../../mask.ts';
import type { Pass, Problem } from '../../problem.ts';
import type { ProjectedStage } from '../projection.ts';
import { bandwidthEfficiency, type KernelTraits, launchMicroseconds } from '../traits.ts';
import type { Implementation } from './implementation.ts';

/** Libraries choose tiles and splits that fill the device: waves are left out. */
const libraryChooses = 0;

/**
 * An unfused framework. A product over the head dimension has an inner loop so short that reading, multiplying
 * and writing follow one another: memory and arithmetic are added. Figure 4 does not tell that from full
 * overlap (the fits are equally good, with an efficiency of 0.50 there); it was kept because it predicts the
 * held-out FlashAttention-3 Figure 5 better (largest error 21% against 27%).
 */
const traits: KernelTraits = {
  name: 'PyTorch eager',
  products: 'matrix',
  bandwidthEfficiency,
  matmulEfficiency: {
    least: 0.8,
    typical: 1,
    most: 1,
    basis: "libraries' products are what the derating was measured with; the lower end is assumed",
  },
  exponentialOverlap: { least: 1, typical: 1, most: 1, basis: 'softmax waits for memory' },
  memoryOverlap: {
    least: 0,
    typical: 0,
    most: 1,
    basis:
      'short inner loops: memory and arithmetic follow one another (chosen on FlashAttention-3 Figure 5)',
  },
  launchMicroseconds,
};

/** By default f32 products do not use the matrix units. */
const onF32: KernelTraits = { ...traits, name: 'PyTorch eager, f32', products: 'f32' };

/** Columns of products for each pair, by stage. */
function columnsOf({ headDim, headDimV }: Problem, pass: Pass): Record<string, number> {
  return pass === 'forward'
    ? { scores: headDim, output: headDimV }
    : { dv: headDimV, dp: headDimV, dq: headDim, dk: headDim };
}

function stageOf(
  problem: Problem,
  pass: Pass,
  { stage, readBytes, writeBytes }: AccountStage,
): ProjectedStage {
  const { batch, heads, seqLenQ, seqLenKv } = problem;
  const pairs = BigInt(batch) * BigInt(heads) * BigInt(seqLenQ) * BigInt(seqLenKv);
  const columns = columnsOf(problem, pass)[stage] ?? 0;
  return {
    stage,
    bytes: readBytes + writeBytes,
    matmulFlops: 2n * pairs * BigInt(columns),
    exponentials: pass === 'forward' && stage === 'softmax' ? pairs : 0n,
    dispatches: 1,
    workgroups: libraryChooses,
  };
}

/** Operations on whole matrices, masked pairs among them. */
function stages(problem: Problem, pass: Pass): ProjectedStage[] {
  const { batch, heads, kvHeads, seqLenQ, seqLenKv, dropout } = problem;
  const mask = visiblePairs(problem) < batch * seqLenQ * seqLenKv;
  const drops = dropout !== null && dropout > 0;
  // K and V are repeated for each query head: what a matrix product of a framework needs.
  const expanded = kvHeads === heads ? problem : { ...problem, kvHeads: heads };
  const account =
    pass === 'forward'
      ? standardForwardTraffic(expanded, { mask, dropout: drops, separateScale: false })
      : standardBackwardTraffic(expanded, { maskPasses: 0, dropout: drops, separateScale: false });
  const work = account.stages.map((stage) => stageOf(problem, pass, stage));
  const all = kvHeads === heads ? work : [...repeat(problem, pass), ...work];
  return problem.dtype === 'f32' ? all.map((stage) => ({ ...stage, traits: onF32 })) : all;
}

/** Copies of K and V for all query heads of a group, or the sums of their gradients. */
function repeat(problem: Problem, pass: Pass): ProjectedStage[] {
  const { k, v } = unitsOf(problem);
  const all = unitsOf({ ...problem, kvHeads: problem.heads });
  const bytes = k + v + all.k + all.v;
  return [
    {
      ...{ stage: pass === 'forward' ? 'repeat' : 'sum of groups', bytes },
      ...{ matmulFlops: 0n, exponentials: 0n, dispatches: 2 },
      workgroups: libraryChooses,
    },
  ];
}

export const pytorchEager: Implementation = {
  id: 'pytorch-eager',
  title: 'PyTorch, eager',
  source:
    'FlashAttention (arXiv 2205.14135), Algorithms 0 and 3, with masking and dropout as kernels of their own',
  unsupported: () => null,
  stages: (problem, pass) => stages(problem, pass),
  traits: () => traits,
};
