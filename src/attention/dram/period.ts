import type { Problem } from '../problem.ts';
import { groupSize, type OwnerScope } from '../walk/walk.ts';
import type { CachedRegion, RegionCache } from './regionCache.ts';
import type { DramTally } from './tally.ts';

/** A workgroup that runs, as a state knows it. */
export interface RunningGroup {
  owner: number;
  workgroup: number;
  stepsDone: number;
}

/** All that decides what a replay does next, at a boundary between heads. */
export interface Boundary {
  /** The head with which the next workgroup begins, of batch x heads. */
  head: number;
  running: readonly RunningGroup[];
  /** The same boundary counted in owners of the running workgroups. */
  owner: number;
}

/** Slices share their scratch; heads of one slice have their own. */
export type Level = 'heads' | 'slices';

/** By how much the number of an owner rises when everything moves on by `heads` heads. */
export function ownerShift(problem: Problem, scope: OwnerScope, heads: number, level: Level): number {
  switch (scope) {
    case 'head':
      return heads;
    case 'kvHead':
      return heads / groupSize(problem);
    case 'batch':
      return problem.batch === 1 ? 0 : heads / problem.heads;
    case 'sliceHead':
      return level === 'heads' ? heads : 0;
    case 'sliceKvHead':
      return level === 'heads' ? heads / groupSize(problem) : 0;
    case 'headInBatch':
    case 'all':
      return 0;
  }
}

/**
 * Heads after which the work repeats as it is but for the names of heads: whole groups of query heads, and whole
 * batch entries where something belongs to these alone. 0 where it does not repeat: lengths that differ.
 */
export function repeatingHeads(problem: Problem, perBatch: boolean): number {
  const { lengths, heads, batch } = problem;
  if (lengths?.some((length) => length !== lengths[0])) return 0;
  return perBatch && batch > 1 ? heads : groupSize(problem);
}

interface Saved {
  head: number;
  owner: number;
  running: RunningGroup[];
  regions: Omit<CachedRegion, 'newer' | 'older'>[];
  sums: ReturnType<DramTally['sums']>;
}

/**
 * Finds that the state of a replay repeats up to the names of heads (Brent's algorithm: one state is kept, that
 * of a boundary whose number is a power of two). Equal states go on equally, so what lies between them can be
 * multiplied.
 */
export class PeriodFinder {
  readonly #problem: Problem;
  readonly #level: Level;
  readonly #cache: RegionCache;
  readonly #tally: DramTally;
  #seen = 0;
  #saved: Saved | null = null;

  constructor(problem: Problem, level: Level, cache: RegionCache, tally: DramTally) {
    this.#problem = problem;
    this.#level = level;
    this.#cache = cache;
    this.#tally = tally;
  }

  /** Heads since an equal state, and the sums it had; null where none is known. */
  meet(boundary: Boundary): { heads: number; sums: Saved['sums'] } | null {
    const saved = this.#saved;
    if (saved && this.#equals(saved, boundary)) {
      return { heads: boundary.head - saved.head, sums: saved.sums };
    }
    this.#seen++;
    if ((this.#seen & (this.#seen - 1)) === 0) this.#saved = this.#save(boundary);
    return null;
  }

  #save({ head, owner, running }: Boundary): Saved {
    const regions: Saved['regions'] = [];
    for (let region = this.#cache.newest; region; region = region.older) {
      regions.push({ ...region, valid: [...region.valid], dirty: [...region.dirty] });
    }
    const groups = running.map((group) => ({ ...group }));
    return { head, owner, running: groups, regions, sums: this.#tally.sums() };
  }

  #equals(saved: Saved, { head, owner, running }: Boundary): boolean {
    if (saved.running.length !== running.length || saved.regions.length !== this.#cache.count) return false;
    for (const [index, group] of running.entries()) {
      const before = saved.running[index]!;
      if (before.owner - saved.owner !== group.owner - owner) return false;
      if (before.workgroup !== group.workgroup || before.stepsDone !== group.stepsDone) return false;
    }
    let region = this.#cache.newest;
    for (const before of saved.regions) {
      if (!region) return false;
      const shift = ownerShift(this.#problem, before.scope, head - saved.head, this.#level);
      const same =
        before.memory === region.memory &&
        before.tile === region.tile &&
        before.owner + shift === region.owner &&
        before.writer === region.writer &&
        sameNumbers(before.valid, region.valid) &&
        sameNumbers(before.dirty, region.dirty);
      if (!same) return false;
      region = region.older;
    }
    return true;
  }
}

function sameNumbers(one: readonly number[], other: readonly number[]): boolean {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false;
  return true;
}
