import type { AlgorithmPass } from '../cost/cost.ts';
import type { Problem } from '../problem.ts';
import { tensorBytes } from '../storage.ts';
import type { Tiling } from '../tiling.ts';
import type { Traffic } from '../traffic.ts';
import { groupSize, type HeadSlice } from '../walk/walk.ts';
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
  /** 1 where all workgroups of these heads were replayed, else one in so many waves. */
  waveStride: number;
}

/** Accesses of one attempt: some tenths of a second. */
const accessLimit = 300_000;

/** Joined tiles of a head's inner loop that are left before heads are left out. */
const fewestTiles = 32;

/** Regions that the cache has room for at least, if joining tiles is what makes them large. */
const fewestRegions = 8;

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
 * Where that would take more than some 300 000 accesses, `coarsening` neighbouring tiles of the inner loop are
 * walked as one; after that only the first heads are replayed (`sampledHeads`), and at last one in `waveStride`
 * waves of workgroups. The share of bytes that a sample misses, stage by stage and buffer by buffer, is taken for
 * all. These are approximate and stand in the result. Enough heads are left to be as
 * crowded as all of them; a sample of waves counts what is fetched once for all waves too often.
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
  const cost = pass.cost(problem, tiling);
  const exact = cost.traffic;
  const allHeads = problem.batch * problem.heads;
  const unit = groupSize(problem);
  const fewestHeads = headsThatStandForAll(pass, problem, tiling, { cacheBytes, residentWorkgroups });
  const tiles = Math.ceil(Math.max(problem.seqLenQ, problem.seqLenKv) / Math.min(tiling.br, tiling.bc));
  // A first attempt that can hardly succeed but by symmetry is cut short: it only says how far off it is.
  const walked = cost.tiles.total - cost.tiles.skipped;
  let limit = walked > 8 * accessLimit ? accessLimit / 4 : accessLimit;
  const sample = { join: 1, heads: allHeads, every: 1 };
  for (;;) {
    const result = replay({
      ...{ walk: pass.walk, problem, tiling, cacheBytes, residentWorkgroups },
      ...{ ...sample, limit, symmetry: true },
    });
    if (result.complete) {
      const sampledHeads = sample.heads < allHeads ? sample.heads : null;
      const sampled = sampledHeads !== null || sample.every > 1;
      const traffic = modelledTraffic(exact, result.accounts, sampled);
      const { replayed } = result;
      return { traffic, replayed, coarsening: sample.join, sampledHeads, waveStride: sample.every };
    }
    limit = accessLimit;
    // How many times fewer accesses it must be, by the bytes that were met.
    // What repeats does so soon, if at all.
    const counted = Math.min(sample.heads, 2 * fewestHeads);
    let excess = Math.max(2, 1.25 / shareReplayed(exact, result, counted / (allHeads * sample.every)));
    const begun = sample.join;
    const room = roomToGrow(result.widest, cacheBytes, pass, problem);
    const join = (most: number) => {
      const most2 = Math.floor(
        Math.log2(Math.max(1, Math.min(most / sample.join, (room * begun) / sample.join))),
      );
      const power = 2 ** Math.max(0, Math.min(most2, Math.ceil(Math.log2(excess))));
      sample.join *= power;
      excess /= power;
    };
    join(tiles / fewestTiles);
    if (excess > 1 && sample.heads > fewestHeads) {
      const heads = Math.max(fewestHeads, Math.floor(sample.heads / excess / unit) * unit);
      excess /= sample.heads / heads;
      sample.heads = heads;
    }
    if (excess <= 1 || sample.heads > fewestHeads) continue;
    const before = sample.join;
    join(2 * tiles);
    // Another attempt shows how large the regions have become.
    if (sample.join > before) continue;
    // The last attempt is not cut short.
    limit = sample.every > 1 ? Number.POSITIVE_INFINITY : 2 * accessLimit;
    sample.every *= Math.ceil(excess);
  }
}

/**
 * Heads that are as crowded as all of them: what they hold is twice the cache, so that as much of it is dropped,
 * and their workgroups are those that run at the same time in any dispatch.
 */
function headsThatStandForAll(
  pass: AlgorithmPass,
  problem: Problem,
  tiling: Tiling,
  { cacheBytes, residentWorkgroups }: CacheModel,
): number {
  const allHeads = problem.batch * problem.heads;
  const unit = groupSize(problem);
  const tensors = (['q', 'k', 'v', 'o'] as const).map((name) => tensorBytes(problem, name));
  const bytesOfHead = tensors.reduce((sum, bytes) => sum + bytes, 0) / allHeads;
  const slice: HeadSlice = { headStart: 0, heads: Math.min(allHeads, Math.max(1, tiling.headsPerSlice)) };
  let fewest = Number.POSITIVE_INFINITY;
  for (const { workgroups, joined, owner } of pass.walk(problem, tiling, slice)) {
    fewest = Math.min(fewest, (workgroups * joined) / (owner === 'head' ? 1 : unit));
  }
  // Heads of different slices never run at the same time.
  const atOnce = Math.min(slice.heads, residentWorkgroups / fewest + unit);
  const crowded = Math.max(2 * unit, (2 * cacheBytes) / bytesOfHead, atOnce);
  return Math.min(allHeads, Math.ceil(crowded / unit) * unit);
}

/** By how much regions may still grow: those of matrices grow on both sides. */
function roomToGrow(widest: number, cacheBytes: number, pass: AlgorithmPass, problem: Problem): number {
  if (cacheBytes === 0) return Number.POSITIVE_INFINITY;
  const times = cacheBytes / fewestRegions / Math.max(1, widest);
  const matrix = problem.seqLenQ * problem.seqLenKv;
  const scratch = pass.scratchPerHead(problem, { br: 4, bc: 4, dc: 4, splits: 1 });
  return scratch > matrix ? Math.sqrt(times) : times;
}

/** Of the bytes that the sample issues, the share that a replay came to before it was given up. */
function shareReplayed(exact: Traffic, { accounts }: ReplayResult, share: number): number {
  const issued = accounts.reduce((sum, { issued }) => sum + issued.load + issued.store, 0n);
  const whole = Number(exact.readBytes + exact.writeBytes) * share;
  return Math.min(1, Math.max(1e-9, Number(issued) / whole));
}
