import type { GpuModel } from '../../devices/device.ts';
import { accountUnits } from '../../literature/accounts.ts';
import { type DeviceTile, shippedSplitTile } from '../../literature/tilesPerDevice.ts';
import type { Problem } from '../../problem.ts';
import type { ProjectedStage } from '../projection.ts';
import { waveEfficiency } from '../waves.ts';
import { flash2Traits } from './flash2.ts';
import type { Implementation } from './implementation.ts';
import { computedPairs } from './tiles.ts';

const mostSplits = 128;
const goodEnough = 0.85;
const fullEnough = 0.8;

/**
 * Parts into which the keys are cut (hopper/heuristics.h): one where the workgroups without a split fill 80% of
 * the multiprocessors, or where there are at most four blocks of keys; else the fewest that reach 85% of the
 * best wave efficiency. Kernels that do not know the number of multiprocessors do not split.
 */
export function splitsOf(workgroups: number, keyBlocks: number, multiprocessors: number | null): number {
  if (multiprocessors === null || workgroups >= fullEnough * multiprocessors || keyBlocks <= 4) return 1;
  const most = Math.min(mostSplits, multiprocessors, keyBlocks);
  const efficiency = Array.from({ length: most }, (_, i) => waves(workgroups * (i + 1), multiprocessors));
  const best = Math.max(...efficiency);
  return efficiency.findIndex((value) => value >= goodEnough * best) + 1;
}

const waves = (workgroups: number, multiprocessors: number) => waveEfficiency(workgroups, multiprocessors);

/** The same attention with the query heads of a group as rows of one head. */
function packed(problem: Problem): Problem {
  const { heads, kvHeads, seqLenQ } = problem;
  return { ...problem, heads: kvHeads, seqLenQ: (seqLenQ * heads) / kvHeads, causal: false, window: null };
}

/** The heads of a group lie side by side in a tile's rows. */
function splitTile({ headDim, headDimV }: Problem): DeviceTile {
  const tile = shippedSplitTile(Math.max(headDim, headDimV));
  if (tile === null) throw new Error('no released kernel splits keys at this head dimension');
  return tile;
}

function stages(problem: Problem, gpu: GpuModel): ProjectedStage[] {
  const { batch, kvHeads, headDim, headDimV, seqLenKv } = problem;
  const grouped = packed(problem);
  const { br, bc } = splitTile(problem);
  const base = batch * kvHeads * Math.ceil(grouped.seqLenQ / br);
  const splits = splitsOf(base, Math.ceil(seqLenKv / bc), gpu.multiprocessors);
  const pairs = computedPairs(grouped, { br, bc });
  const { q, k, v, o, rowStatistic } = accountUnits(problem);
  // Each part leaves an f32 row of O and a log-sum-exp for each query row.
  const partial = rowStatistic * BigInt(headDimV + 1) * BigInt(splits);
  const attention: ProjectedStage = {
    stage: 'attention',
    bytes: q * BigInt(splits) + k + v + (splits > 1 ? partial : o + rowStatistic),
    matmulFlops: 2n * pairs * BigInt(headDim + headDimV),
    exponentials: pairs,
    dispatches: 1,
    workgroups: base * splits,
    // 64 rows of Q and two blocks of keys, 80 KiB at head dim 128: two fit an A100 or H100.
    residentPerMultiprocessor: 2,
  };
  const merge: ProjectedStage = {
    ...{ stage: 'merge', bytes: partial + o, matmulFlops: 0n, exponentials: 0n, dispatches: 1 },
    workgroups: Math.max(1, Math.ceil((batch * problem.heads * problem.seqLenQ) / 4)),
  };
  return splits > 1 ? [attention, merge] : [attention];
}

export const flashDecoding: Implementation = {
  id: 'flash-decoding-fa2',
  title: 'Flash-Decoding',
  source: 'Flash-Decoding (PyTorch blog, October 2023); split rule of flash-attention',
  unsupported: ({ dtype, lengths, packed: sequences }, pass) => {
    if (pass === 'backward') return 'it has no backward pass';
    if (lengths !== null || sequences !== null) return 'its model takes neither lengths nor packed sequences';
    return dtype === 'f32' ? 'it stores f16 and bf16' : null;
  },
  stages: (problem, _pass, gpu) => stages(problem, gpu),
  traits: (pass, gpu) => ({
    ...flash2Traits(pass, gpu),
    name: 'Flash-Decoding',
    memoryOverlap: {
      ...{ least: 0.5, typical: 1, most: 1 },
      basis: 'assumed: several workgroups of a multiprocessor take turns, keys arrive while others compute',
    },
  }),
};
