import { blockSparseBackward } from './cost/blockSparseBackward.ts';
import { blockSparseForward } from './cost/blockSparseFlash.ts';
import type { AlgorithmPass } from './cost/cost.ts';
import { eagerBackward, eagerForward } from './cost/eager.ts';
import { flash1Backward, flash1ErrorBound, flash1Forward } from './cost/flash1.ts';
import { flash2Forward } from './cost/flash2.ts';
import { flash2Backward } from './cost/flash2Backward.ts';
import { flashDecodingForward, flashDecodingPagedForward } from './cost/flashDecoding.ts';
import { flashDecodingPlusForward } from './cost/flashDecodingPlus.ts';
import { flashInt8Forward, flashInt8RotatedForward, int8ErrorBound } from './cost/flashInt8.ts';
import { memoryEfficientBackward, memoryEfficientForward } from './cost/memoryEfficient.ts';
import { plainRingForward, stripedRingForward } from './cost/ring.ts';
import { standardForward, standardOnlineForward } from './cost/standard.ts';
import { standardBackward } from './cost/standardBackward.ts';
import { standardUnsafeForward } from './cost/standardUnsafe.ts';
import { headBytes } from './headBytes.ts';
import type { DeviceLimits } from './limits.ts';
import { type Dtype, dtypes, type Pass, type Problem } from './problem.ts';
import { mostRingDevices } from './ring.ts';
import type { Result } from './shape.ts';
import { headsPerSlice } from './slicing.ts';
import { chooseTile, type RequestedTiling, type Tiling } from './tiling.ts';

/** One algorithm: what it is, what it supports, and its costs. The kernels' folder has the same name. */
export interface CatalogueRow {
  id: string;
  title: string;
  /** One sentence: what it does with memory. */
  summary: string;
  source: string;
  passes: readonly Pass[];
  dtypes: readonly Dtype[];
  forward: AlgorithmPass;
  /** Null where the algorithm is for inference alone. */
  backward: AlgorithmPass | null;
  /**
   * Largest relative L2 error of O, dQ, dK and dV that it may have where the rule of twice the standard
   * algorithm's does not apply (it rounds on the way, by its own definition); says why in its cost file.
   */
  errorBound?: Readonly<Record<Dtype, number>>;
  /**
   * Problems whose numbers leave the range in which the algorithm stores them, by its own definition: it is
   * run and counted, and its error is shown, but no bound holds.
   */
  leavesRange?: (problem: Problem) => boolean;
  /** Why it cannot compute a problem in a pass that it has, in a few words; null where it can. */
  supports: (problem: Problem, pass: Pass) => string | null;
}

const noBlockMask = ({ blockMask }: Problem) => (blockMask ? 'block masks are for block-sparse-flash' : null);

function ringSupports(problem: Problem): string | null {
  const { ringDevices } = problem;
  if (ringDevices !== null && ringDevices > mostRingDevices) {
    return `it has at most ${mostRingDevices} devices, asked for ${ringDevices}`;
  }
  return noBlockMask(problem);
}

function algorithm(row: Omit<CatalogueRow, 'passes' | 'dtypes'>): CatalogueRow {
  return { ...row, passes: row.backward ? ['forward', 'backward'] : ['forward'], dtypes };
}

export const catalogue: readonly CatalogueRow[] = [
  algorithm({
    id: 'standard',
    title: 'Standard attention',
    summary: 'Scores and probabilities pass through memory: three dispatches, safe softmax.',
    source: 'FlashAttention (Dao et al. 2022), Algorithms 0 and 3',
    forward: standardForward,
    backward: standardBackward,
    supports: noBlockMask,
  }),
  algorithm({
    id: 'standard-online',
    title: 'Standard attention, online softmax',
    summary:
      'As standard, but each row of scores is read twice, not three times: maximum and sum in one pass.',
    source: 'Online normalizer calculation for softmax (Milakov and Gimelshein 2018), Algorithm 3',
    forward: standardOnlineForward,
    backward: standardBackward,
    supports: noBlockMask,
  }),
  algorithm({
    id: 'standard-unsafe',
    title: 'Standard attention, no maximum',
    summary: 'Textbook softmax: e^S is stored as the inputs are and overflows, in f16 beyond a score of 11.',
    source: 'Textbook softmax',
    forward: standardUnsafeForward,
    backward: standardBackward,
    // ALiBi pushes whole rows below the score of -17 where e^x vanishes in f16.
    leavesRange: ({ dtype, alibi }) => dtype === 'f16' && alibi,
    supports: noBlockMask,
  }),
  algorithm({
    id: 'eager',
    title: 'Eager attention',
    summary: 'What an unfused framework runs: a dispatch for each operation, each over whole N x M matrices.',
    source: 'The chain of operations of standard attention',
    forward: eagerForward,
    backward: eagerBackward,
    supports: noBlockMask,
  }),
  algorithm({
    id: 'memory-efficient',
    title: 'Memory-efficient attention',
    summary:
      'About sqrt(M) chunks of keys leave partial outputs, merged for one chunk of queries after the other.',
    source: 'Rabe and Staats 2021',
    forward: memoryEfficientForward,
    backward: memoryEfficientBackward,
    supports: noBlockMask,
  }),
  algorithm({
    id: 'flash1',
    title: 'FlashAttention',
    summary:
      'Outer loop over key blocks, one workgroup per head: O and its statistics pass through memory once per block.',
    source: 'FlashAttention (Dao et al. 2022), Algorithms 1, 2 and 4',
    forward: flash1Forward,
    backward: flash1Backward,
    errorBound: flash1ErrorBound,
    supports: noBlockMask,
  }),
  algorithm({
    id: 'flash2',
    title: 'FlashAttention-2',
    summary: 'Outer loop over query blocks, online softmax: scores never leave the chip, O is written once.',
    source: 'FlashAttention-2 (Dao 2023), section 3.1',
    forward: flash2Forward,
    backward: flash2Backward,
    supports: noBlockMask,
  }),
  algorithm({
    id: 'flash-decoding',
    title: 'Flash-Decoding',
    summary:
      'Keys split among workgroups and merged by log-sum-exp; K and V are read once for a group of heads.',
    source: 'Flash-Decoding (Dao, Haziza, Massa, Sizov 2023)',
    forward: flashDecodingForward,
    backward: null,
    supports: noBlockMask,
  }),
  algorithm({
    id: 'flash-decoding-paged',
    title: 'Flash-Decoding, paged',
    summary: 'Flash-Decoding with K and V in pages of 16 keys, found through a block table.',
    source: 'Flash-Decoding; PagedAttention (Kwon et al. 2023), section 4.1',
    forward: flashDecodingPagedForward,
    backward: null,
    supports: noBlockMask,
  }),
  algorithm({
    id: 'flash-decoding-plus',
    title: 'FlashDecoding++',
    summary:
      'Splits share a maximum chosen ahead and are added without rescaling; a row that leaves its window is computed again.',
    source: 'FlashDecoding++ (Hong et al. 2023), section 3',
    forward: flashDecodingPlusForward,
    backward: null,
    supports: noBlockMask,
  }),
  algorithm({
    id: 'flash-int8',
    title: 'FlashAttention, int8',
    summary: 'Q, K and V are coded in eight bits with a scale for each block; both products are int8.',
    source: 'FlashAttention-3 (Shah et al. 2024), section 3.3, in int8 where it has FP8; SageAttention',
    forward: flashInt8Forward,
    backward: null,
    errorBound: int8ErrorBound,
    supports: noBlockMask,
  }),
  algorithm({
    id: 'flash-int8-rotated',
    title: 'FlashAttention, int8, rotated',
    summary: 'As flash-int8, with Q and K rotated by random signs and a Hadamard matrix, against outliers.',
    source: 'FlashAttention-3 (Shah et al. 2024), section 3.3, incoherent processing',
    forward: flashInt8RotatedForward,
    backward: null,
    errorBound: int8ErrorBound,
    supports: noBlockMask,
  }),
  algorithm({
    id: 'block-sparse-flash',
    title: 'Block-sparse FlashAttention',
    summary: 'Walks the listed blocks of the score matrix alone: K and V are read once for each of them.',
    source: 'FlashAttention (Dao et al. 2022), section 3.3 and Algorithm 5',
    forward: blockSparseForward,
    backward: blockSparseBackward,
    supports: ({ blockMask }) => (blockMask ? null : 'it computes listed blocks alone: give --block-mask'),
  }),
  algorithm({
    id: 'ring',
    title: 'Ring Attention',
    summary: 'The sequence is spread over devices in stretches; K and V go round, O is merged at every stop.',
    source: 'Ring Attention (Liu, Zaharia, Abbeel 2023), section 3',
    forward: plainRingForward,
    backward: null,
    supports: ringSupports,
  }),
  algorithm({
    id: 'ring-striped',
    title: 'Striped Attention',
    summary: 'Ring Attention with every P-th row on a device: a causal mask leaves all the same work.',
    source: 'Striped Attention (Brandon et al. 2023), section 3',
    forward: stripedRingForward,
    backward: null,
    supports: ringSupports,
  }),
];

/** The row of an algorithm by its id, `flash2`; undefined where there is none. */
export function findAlgorithm(id: string): CatalogueRow | undefined {
  return catalogue.find((row) => row.id === id);
}

/** The pass of an algorithm; throws where `unsupported` would have said that there is none. */
export function algorithmPass(row: CatalogueRow, pass: Pass): AlgorithmPass {
  const found = pass === 'forward' ? row.forward : row.backward;
  if (!found) throw new RangeError(`${row.id} has no backward pass`);
  return found;
}

/**
 * The tiling an algorithm uses for a problem on a device. `headsPerSlice` is 0 where not even one head
 * fits the device's bindings.
 */
export function chooseTiling(
  row: CatalogueRow,
  problem: Problem,
  limits: DeviceLimits,
  requested: RequestedTiling = {},
  pass: Pass = 'forward',
): Result<Tiling> {
  const chosen = algorithmPass(row, pass);
  const { workgroupMemory, tiles, packsGroups, splits } = chosen;
  const group = problem.heads / problem.kvHeads;
  const tiled = packsGroups ? { ...problem, seqLenQ: problem.seqLenQ * group } : problem;
  const tile = chooseTile(tiled, limits, requested, workgroupMemory, tiles);
  if (!tile.ok) return tile;
  if (requested.splits !== undefined && !splits) {
    return { ok: false, error: `tiling splits=${requested.splits}: ${row.id} does not split its keys` };
  }
  const parts = splits ? splits(problem, tile.value, requested.splits) : { ok: true as const, value: 1 };
  if (!parts.ok) return parts;
  const heads = headsPerSlice(
    problem,
    limits,
    headBytes(chosen, problem, { ...tile.value, splits: parts.value }),
    // A backward pass sums dK and dV over the query heads of a group.
    chosen.wholeGroups || pass === 'backward',
  );
  return { ok: true, value: { ...tile.value, splits: parts.value, headsPerSlice: heads } };
}
