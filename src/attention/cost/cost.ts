import type { Problem } from '../problem.ts';
import type { Result } from '../shape.ts';
import type { TileCandidates, TileSize, Tiling, WorkgroupMemory } from '../tiling.ts';
import type { Traffic } from '../traffic.ts';
import type { SliceWalk } from '../walk/walk.ts';

export interface BufferSize {
  name: string;
  bytes: number;
}

export interface Flops {
  provenance: 'exact';
  /**
   * The FlashAttention benchmark's rule: 4 B H N M d, halved for causal, 2.5 times that for the backward
   * pass; what papers divide by time.
   */
  nominal: bigint;
  /** 2 (d + dv) for each visible query-key pair; backward as the algorithm's products come to. */
  exact: bigint;
}

/** Tiles of the score matrix over all batches and heads: skipped (no visible pair), partial (some). */
export interface TileCounts {
  provenance: 'exact';
  total: number;
  skipped: number;
  partial: number;
}

/** What one stage computes, and in how many pieces it is handed out. */
export interface StageWork {
  stage: string;
  /** Floating point operations of its matrix products over visible pairs: its share of `Flops.exact`. */
  matmulFlops: bigint;
  /** Exponentials taken for visible pairs. */
  exponentials: bigint;
  dispatches: number;
  /** Workgroups of all its dispatches together. */
  workgroups: number;
}

/** What one algorithm costs for one problem with one tiling: closed forms, no GPU touched. */
export interface Cost {
  traffic: Traffic<'exact'>;
  flops: Flops;
  /** The same FLOPs stage by stage, in the order of `stages`, with what they are handed out as. */
  work: StageWork[];
  tiles: TileCounts;
  /** Device memory of the plan's tensors; harness buffers (parameters, timestamps, read-back) are not in it. */
  memory: { provenance: 'exact'; peakBytes: number; buffers: BufferSize[] };
}

/** Exact cost of `problem` computed with `tiling`. Pure; the same for every device of the same tiling. */
export type CostModel = (problem: Problem, tiling: Tiling, numbers?: DeviceNumbers) => Cost;

/** What an algorithm does that depends on the values of its inputs, as the device told it, by name. */
export type DeviceNumbers = Readonly<Record<string, number>>;

/** One pass of an algorithm, as far as no GPU is needed to know it. */
export interface AlgorithmPass {
  /** Names in the order in which they first run. */
  stages: readonly string[];
  /** Bytes of workgroup memory that its hungriest kernel declares. */
  workgroupMemory: WorkgroupMemory;
  /** Tiles to choose from, best first, where the usual ones do not suit the algorithm. */
  tiles?: TileCandidates;
  /** Bytes that one head needs in the largest scratch buffer; 0 without scratch. */
  scratchPerHead: (problem: Problem, tile: TileSize & Pick<Tiling, 'splits'>) => number;
  /** A slice of heads takes all query heads of its K/V heads. */
  wholeGroups?: boolean;
  /** Rows of K and V that a K/V head takes in memory where they are not its keys alone. */
  keyRows?: (problem: Problem) => number;
  /** Rows of tiles are the queries of all heads of a K/V head, side by side: br is chosen for as many. */
  packsGroups?: boolean;
  /** Parts into which the key range is cut, as asked for or as the algorithm chooses; 1 where left out. */
  splits?: (problem: Problem, tile: TileSize, requested: number | undefined) => Result<number>;
  cost: CostModel;
  /** The same accesses one by one, in dispatch order; their bytes are those of the cost's traffic. */
  walk: SliceWalk;
}
