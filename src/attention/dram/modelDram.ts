import type { AlgorithmPass } from '../cost/cost.ts';
import type { Problem } from '../problem.ts';
import type { Tiling } from '../tiling.ts';
import type { Traffic } from '../traffic.ts';
import { groupSize } from '../walk/walk.ts';
import { modelledTraffic } from './modelledTraffic.ts';
import { type ReplayResult, replay } from './replay.ts';

/** What the model knows of a device. */
export interface CacheModel {
  /** Last-level cache in bytes; 0 for none. */
  cacheBytes: number;
  /** Workgroups that run at the same time. */
  residentWorkgroups: number;
}

export interface DramModel {
  traffic: Traffic<'modelled'>;
  /** Tile accesses that were replayed; the rest follows by symmetry. */
  replayed: number;
  /** Tiles that were joined into one to bound the time; 1 for none. */
  coarsening: number;
  /** Heads that stand for all where too many would have to be replayed; null where none is left out. */
  sampledHeads: number | null;
}

/** Accesses of one attempt: some tenths of a second. */
const accessLimit = 400_000;

/** Joined tiles of a head's inner loop that are left before heads are left out. */
const fewestTiles = 32;

/**
 * Bytes that pass between memory and a last-level cache, by a replay of the pass's tile accesses in dispatch
 * order (src/attention/dram/replay.ts) through a cache of whole tiles that drops the one used the longest time
 * ago (src/attention/dram/regionCache.ts).
 *
 * Exact for that model are: every access of the kernels, their order within a workgroup, the order of dispatch,
 * and what is left to symmetry over batch and heads, since only equal states are multiplied. The model leaves
 * out what devices do not tell: workgroups in lockstep, one cache for all, full associativity, no prefetch, and
 * nothing else that runs. Rows of four, which row-wise kernels take, are walked a row of tiles at a time.
 *
 * Where that would take more than some 400 000 accesses, `coarsening` neighbouring tiles are walked as one, and
 * after that only the first heads are replayed and the share of bytes that they miss is taken for all: both
 * approximate, and both are in the result.
 *
 * Reads are what is fetched, in the stage that loads it; writes are what goes back to memory, in the stage that
 * wrote it last. Loads and stores are accesses of the kernel's own width that would move these bytes.
 */
export function modelDram(
  pass: AlgorithmPass,
  problem: Problem,
  tiling: Tiling,
  { cacheBytes, residentWorkgroups }: CacheModel,
): DramModel {
  const exact = pass.cost(problem, tiling).traffic;
  const allHeads = problem.batch * problem.heads;
  const unit = groupSize(problem);
  const fewestHeads = Math.min(allHeads, 2 * unit);
  const longest = Math.max(problem.seqLenQ, problem.seqLenKv);
  const tiles = Math.ceil(longest / Math.min(tiling.br, tiling.bc));
  const mostJoined = 2 ** Math.floor(Math.log2(Math.max(1, tiles / fewestTiles)));
  let join = 1;
  let heads = allHeads;
  for (;;) {
    const last = heads <= fewestHeads && join >= tiles;
    const result = replay({
      ...{ walk: pass.walk, problem, tiling, cacheBytes, residentWorkgroups },
      ...{ join, heads, limit: last ? Number.POSITIVE_INFINITY : accessLimit, symmetry: true },
    });
    if (result.complete) {
      const sampledHeads = heads < allHeads ? heads : null;
      const traffic = modelledTraffic(exact, result.accounts, sampledHeads !== null);
      return { traffic, replayed: result.replayed, coarsening: join, sampledHeads };
    }
    // How many times more than the limit it would have been, by the bytes that were met.
    const excess = Math.max(2, 1.25 / shareReplayed(exact, result, heads / allHeads));
    if (join < mostJoined) join = Math.min(mostJoined, nextPower(join * excess));
    else if (heads > fewestHeads) heads = Math.max(fewestHeads, Math.floor(heads / excess / unit) * unit);
    else join = Math.min(nextPower(tiles), nextPower(join * excess));
  }
}

const nextPower = (count: number) => 2 ** Math.ceil(Math.log2(count));

/** Of the bytes that the heads in question issue, the share that a replay came to before it was given up. */
function shareReplayed(exact: Traffic, { accounts }: ReplayResult, share: number): number {
  const issued = accounts.reduce((sum, { issued }) => sum + issued.load + issued.store, 0n);
  const whole = Number(exact.readBytes + exact.writeBytes) * share;
  return Math.min(1, Math.max(1e-9, Number(issued) / whole));
}
