import type { Problem } from '../problem.ts';
import type { Tiling } from '../tiling.ts';

/**
 * What the owner of a region is counted in, which decides how its number changes from one head to the next:
 * heads or K/V heads of batch x heads, batch entries, heads within a batch entry, heads or K/V heads of the
 * slice that is dispatched (scratch that the slices share), or nothing (`all`: one for the whole problem).
 */
export type OwnerScope = 'head' | 'kvHead' | 'batch' | 'headInBatch' | 'sliceHead' | 'sliceKvHead' | 'all';

/** A buffer as a stage meets it. */
export interface WalkBuffer {
  /** Its name in the traffic account. */
  buffer: string;
  /** Where its bytes lie: another name where two buffers of the account are the same memory. */
  memory: string;
  scope: OwnerScope;
}

/** Bytes `from` .. `to` - 1 of one region of a buffer, loaded or stored in one step. */
export interface TileAccess {
  on: WalkBuffer;
  kind: 'load' | 'store';
  /** Head, K/V head or other owner, counted as `on.scope` says. */
  owner: number;
  /** The region's number within its owner: a tile of rows, or a block of an N x M matrix. */
  tile: number;
  regionBytes: number;
  from: number;
  to: number;
  /** Bytes that the access expressions move; more than `to - from` where the stretch is moved repeatedly. */
  bytes: number;
}

/** The part of one head's score matrix that a step works on; what no step of a stage names is skipped. */
export interface ScoreTile {
  head: number;
  rowStart: number;
  rowEnd: number;
  keyStart: number;
  keyEnd: number;
  /** As the tile counts of a cost have it: `full` where all rows see all the keys that any of them sees. */
  state: 'full' | 'partial' | 'skipped';
}

/** What a workgroup does between two barriers, about: the accesses in the kernel's order. */
export interface WalkStep {
  tile: ScoreTile | null;
  accesses: TileAccess[];
}

/** Heads `headStart` .. `headStart + heads` - 1 of batch x heads, dispatched together. */
export interface HeadSlice {
  headStart: number;
  heads: number;
}

/** One dispatch. Its workgroups run in the order of `owner`, then `workgroup`. */
export interface StageWalk {
  stage: string;
  /** Whether each run of workgroups is for a head or for a K/V head, the first of them, and how many. */
  owner: 'head' | 'kvHead';
  firstOwner: number;
  owners: number;
  /** Workgroups of each owner. */
  workgroups: number;
  /** Workgroups of the kernel that one of these stands for, their rows being walked together. */
  joined: number;
  steps: (owner: number, workgroup: number) => Iterable<WalkStep>;
}

/**
 * The dispatches of one slice of heads in their order. Nothing is kept: steps are made as they are asked for.
 * `join` neighbouring tiles of the inner loop are walked as one, for shapes that are too long to walk tile by
 * tile; the bytes of every buffer stay the same.
 */
export type SliceWalk = (
  problem: Problem,
  tiling: Tiling,
  slice: HeadSlice,
  join?: number,
) => Iterable<StageWalk>;

/** Cuts batch x heads into slices as the plans do; a tiling for which no head fits takes one at a time. */
export function* headSlices({ batch, heads }: Problem, { headsPerSlice }: Tiling): Generator<HeadSlice> {
  const most = Math.max(1, headsPerSlice);
  for (let headStart = 0; headStart < batch * heads; headStart += most) {
    yield { headStart, heads: Math.min(most, batch * heads - headStart) };
  }
}

/** All dispatches of a pass in their order: every stage of a slice before the next slice. */
export function* stageWalks(
  walk: SliceWalk,
  problem: Problem,
  tiling: Tiling,
  join = 1,
): Generator<StageWalk> {
  for (const slice of headSlices(problem, tiling)) yield* walk(problem, tiling, slice, join);
}

/** A dispatch over the heads of a slice. */
export function headStage(
  stage: string,
  { headStart, heads }: HeadSlice,
  workgroups: number,
  steps: StageWalk['steps'],
  joined = 1,
): StageWalk {
  return { stage, owner: 'head', firstOwner: headStart, owners: heads, workgroups, joined, steps };
}

/** A dispatch over the K/V heads of a slice of whole groups. */
export function kvHeadStage(
  problem: Problem,
  stage: string,
  { headStart, heads }: HeadSlice,
  workgroups: number,
  steps: StageWalk['steps'],
  joined = 1,
): StageWalk {
  const group = groupSize(problem);
  // A slice that cuts a group (none of a plan does) still works for its K/V head.
  const firstOwner = Math.floor(headStart / group);
  const owners = Math.ceil((headStart + heads) / group) - firstOwner;
  return { stage, owner: 'kvHead', firstOwner, owners, workgroups, joined, steps };
}

export const groupSize = ({ heads, kvHeads }: Problem) => heads / kvHeads;

/** Batch entry of a head of batch x heads. */
export const batchOf = ({ heads }: Problem, head: number) => Math.floor(head / heads);

/** K/V head, of batch x K/V heads, of a head of batch x heads. */
export const kvHeadOf = (problem: Problem, head: number) => Math.floor(head / groupSize(problem));
