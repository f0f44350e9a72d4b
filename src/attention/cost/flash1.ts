import { visiblePairs } from '../mask.ts';
import type { Dtype, Problem } from '../problem.ts';
import { type TensorName, tensorRows } from '../storage.ts';
import type { TileCandidates, TileSize, Tiling } from '../tiling.ts';
import { type Access, sumTraffic } from '../traffic.ts';
import { plainTile, rowParts, stagedTile, vec4s } from '../workgroupMemory.ts';
import { elementAccess, kvRowAccess, rowAccess } from './accesses.ts';
import type { AlgorithmPass, BufferSize } from './cost.ts';
import { flash1BackwardWalk, flash1Walk } from './flash1Walk.ts';
import { backwardFlops, forwardFlops } from './flops.ts';
import { backwardTensors, exactMemory, forwardTensors } from './tensors.ts';
import { tileCounts, tileSums } from './tileSums.ts';
import { fusedShape, stageWork } from './work.ts';

export const flash1Stages = ['attention'] as const;
export const flash1BackwardStages = ['gradients'] as const;

/** f32s that a query row has in `statistics`: m and l; the backward pass keeps D beside them. */
export const flash1StatisticsWidth = { forward: 2, backward: 3 } as const;

/**
 * O and dQ pass through memory once for each block of keys and are rounded to the storage type every time
 * (the paper counts them so), an error that grows with the square root of the number of blocks. The bounds
 * hold up to some hundred blocks: 20 times the root mean square error of one rounding.
 */
export const flash1ErrorBound: Record<Dtype, number> = { f32: 1e-5, f16: 4e-3, bf16: 3e-2 };

/** Largest blocks of keys first: their number decides the traffic of Q, O, dO and dQ; br decides nothing. */
const candidates: TileCandidates = [
  [32, 128],
  [16, 128],
  [32, 64],
  [16, 64],
  [8, 64],
  [32, 32],
  [16, 32],
  [8, 32],
  [16, 16],
  [8, 16],
  [8, 8],
  [4, 8],
  [4, 4],
];

export function flash1StatisticsSize(problem: Problem, pass: 'forward' | 'backward'): BufferSize {
  const { batch, heads, seqLenQ } = problem;
  return { name: 'statistics', bytes: batch * heads * seqLenQ * flash1StatisticsWidth[pass] * 4 };
}

/** Rows of one head over the batch, as the loops meet them. */
function rowSums(problem: Problem, { br, bc }: TileSize) {
  const tiles = tileSums(problem, br, bc);
  const queries = problem.batch * problem.seqLenQ;
  return {
    tiles,
    /** Keys between the first and the last that any row sees. */
    keys: tileSums(problem, Math.max(1, problem.seqLenQ), bc).keysWalked,
    visits: tiles.queryRowsPerTile,
    firstVisits: tiles.queryRowsSeeing,
    /** Visits at which what an earlier one left is read. */
    laterVisits: tiles.queryRowsPerTile - tiles.queryRowsSeeing,
    /** Rows of tiles that see nothing are written once all the same. */
    unseen: queries - tiles.queryRowsSeeing,
    queries,
    pairs: visiblePairs(problem),
  };
}

/**
 * FlashAttention forward (arXiv 2205.14135, Algorithms 1 and 2) with the accounting of its Figure 2: K and V
 * are read once, Q once for each block of keys, O written as often and read once less. Of Q, K, V and O that
 * is (3 Tc + 1) u for Tc blocks where nothing is masked; m and l are two f32 per row, moved as O is.
 */
function forwardAccesses(problem: Problem, tiling: Tiling): Access[] {
  const [stage] = flash1Stages;
  const { keys, visits, laterVisits, unseen, pairs } = rowSums(problem, tiling);
  const row = (buffer: TensorName, kind: 'load' | 'store', rows: number) =>
    rowAccess(problem, { stage, buffer, kind }, rows, tensorRows(problem, buffer).layout);
  const single = (buffer: string, kind: 'load' | 'store', count: number) =>
    elementAccess(problem, { stage, buffer, kind }, count);
  return [
    row('q', 'load', visits),
    row('k', 'load', keys),
    row('v', 'load', keys),
    row('o', 'load', laterVisits),
    row('o', 'store', visits + unseen),
    single('statistics', 'load', 2 * laterVisits),
    single('statistics', 'store', 2 * (visits + unseen)),
    ...(problem.bias ? [single('bias', 'load', pairs)] : []),
  ];
}

/**
 * FlashAttention backward (Algorithm 4), D kept: K and V are read and dK and dV written once, Q and dO read
 * once for each block of keys, dQ written as often and read once less, O read once for D. Of these eight
 * tensors that is (4 Tc + 4) u where nothing is masked; m, l and D are f32 per row.
 */
function backwardAccesses(problem: Problem, tiling: Tiling): Access[] {
  const [stage] = flash1BackwardStages;
  const { keys, visits, firstVisits, laterVisits, unseen, pairs } = rowSums(problem, tiling);
  const layout = (name: TensorName) => tensorRows(problem, name).layout;
  const row = (buffer: TensorName, kind: 'load' | 'store', rows: number) =>
    rowAccess(problem, { stage, buffer, kind }, rows, layout(buffer));
  const kvRow = (buffer: TensorName, kind: 'load' | 'store', rows: number) =>
    kvRowAccess(problem, { stage, buffer, kind }, rows, layout(buffer));
  const single = (buffer: string, kind: 'load' | 'store', count: number) =>
    elementAccess(problem, { stage, buffer, kind }, count);
  const allKeys = problem.batch * problem.seqLenKv;
  return [
    kvRow('k', 'load', keys),
    kvRow('v', 'load', keys),
    row('q', 'load', visits),
    row('dout', 'load', visits),
    row('o', 'load', firstVisits),
    row('dq', 'load', laterVisits),
    row('dq', 'store', visits + unseen),
    single('statistics', 'load', 2 * visits + laterVisits),
    single('statistics', 'store', firstVisits),
    kvRow('dk', 'store', allKeys),
    kvRow('dv', 'store', allKeys),
    ...(problem.bias ? [single('bias', 'load', pairs)] : []),
  ];
}

/** A block of keys with their values, and one spare vec4 each. */
const blockBytes = (bc: number, headDim: number, headDimV: number) =>
  bc * (vec4s(headDim) + vec4s(headDimV) + 1) * 16;

/** Bytes of one head's statistics, and what lies before them where they are bound from an aligned offset. */
const statisticsPerHead = (pass: 'forward' | 'backward') => (problem: Problem) =>
  flash1StatisticsSize({ ...problem, batch: 1, heads: 1 }, pass).bytes + 256;

export const flash1Forward: AlgorithmPass = {
  stages: flash1Stages,
  workgroupMemory: ({ headDim, headDimV }, { br, bc }) =>
    blockBytes(bc, headDim, headDimV) +
    plainTile(br, headDim) +
    stagedTile(br, bc) +
    rowParts(br, bc) +
    8 * br,
  tiles: candidates,
  scratchPerHead: statisticsPerHead('forward'),
  walk: flash1Walk,
  cost: (problem, tiling) => ({
    traffic: sumTraffic('exact', flash1Stages, forwardAccesses(problem, tiling)),
    flops: forwardFlops(problem),
    // One workgroup walks all rows of tiles of a head.
    work: stageWork(problem, tiling, [{ ...fusedShape(problem, tiling, flash1Stages[0]), perHead: 1 }]),
    tiles: tileCounts(problem, rowSums(problem, tiling).tiles),
    memory: exactMemory([...forwardTensors(problem), flash1StatisticsSize(problem, 'forward')]),
  }),
};

export const flash1Backward: AlgorithmPass = {
  stages: flash1BackwardStages,
  workgroupMemory: ({ headDim, headDimV }, { br, bc }) =>
    blockBytes(bc, headDim, headDimV) +
    plainTile(br, headDim) +
    plainTile(br, headDimV) +
    2 * stagedTile(br, bc) +
    rowParts(br, bc) +
    12 * br,
  tiles: candidates,
  scratchPerHead: statisticsPerHead('backward'),
  walk: flash1BackwardWalk,
  cost: (problem, tiling) => ({
    traffic: sumTraffic('exact', flash1BackwardStages, backwardAccesses(problem, tiling)),
    // S and dP, then dQ, dK and dV.
    flops: backwardFlops(problem, 3 * problem.headDim + 2 * problem.headDimV),
    work: stageWork(problem, tiling, [
      {
        stage: flash1BackwardStages[0],
        columns: 3 * problem.headDim + 2 * problem.headDimV,
        exponentials: 1,
        perKvHead: 1,
      },
    ]),
    tiles: tileCounts(problem, rowSums(problem, tiling).tiles),
    memory: exactMemory([...backwardTensors(problem), flash1StatisticsSize(problem, 'backward')]),
  }),
};
