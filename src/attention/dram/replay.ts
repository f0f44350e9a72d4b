import type { Problem } from '../problem.ts';
import type { Tiling } from '../tiling.ts';
import { groupSize, type HeadSlice, type SliceWalk, type StageWalk, type WalkStep } from '../walk/walk.ts';
import { type Level, ownerShift, PeriodFinder, type RunningGroup, repeatingHeads } from './period.ts';
import { RegionCache } from './regionCache.ts';
import { type Account, DramTally } from './tally.ts';

export interface ReplayRequest {
  walk: SliceWalk;
  problem: Problem;
  tiling: Tiling;
  cacheBytes: number;
  residentWorkgroups: number;
  /** Neighbouring tiles of the inner loop that are walked as one. */
  join: number;
  /** Heads that are replayed, from the first on. */
  heads: number;
  /**
   * 1 for all; else one in so many waves of workgroups is replayed, and only some dispatches of a stage
   * that has a lot of them.
   */
  every: number;
  /** Accesses after which the replay is given up. */
  limit: number;
  /** Whether what repeats is multiplied instead of replayed. */
  symmetry: boolean;
}

export interface ReplayResult {
  accounts: Account[];
  /** Accesses that were replayed. */
  replayed: number;
  /** Bytes of the largest region that was met. */
  widest: number;
  /** False where it was given up. */
  complete: boolean;
}

interface Resident extends RunningGroup {
  steps: Iterator<WalkStep>;
  step: WalkStep | null;
}

/**
 * Replays the accesses of a pass through a cache. Of each dispatch as many workgroups run as the device holds,
 * in lockstep: one step of each, the oldest first, then the next step. Where one ends, the next in dispatch
 * order takes its place; a dispatch ends before the next begins.
 */
export function replay(request: ReplayRequest): ReplayResult {
  return new Replay(request).run();
}

class Replay {
  readonly #request: ReplayRequest;
  readonly #tally = new DramTally();
  readonly #cache: RegionCache;
  #replayed = 0;
  #widest = 0;
  /** Whether something was met that belongs to batch entries. */
  #perBatch = false;

  constructor(request: ReplayRequest) {
    this.#request = request;
    this.#cache = new RegionCache(request.cacheBytes, tilesBound(request.problem), this.#tally);
  }

  run(): ReplayResult {
    const complete = this.#slices();
    if (complete) this.#cache.flush();
    return { accounts: this.#tally.accounts(), replayed: this.#replayed, widest: this.#widest, complete };
  }

  #slices(): boolean {
    const { walk, problem, tiling, join, heads } = this.#request;
    const most = Math.max(1, tiling.headsPerSlice);
    const periods = new PeriodFinder(problem, 'slices', this.#cache, this.#tally);
    let repeated = false;
    for (let headStart = 0; headStart < heads; ) {
      const slice = { headStart, heads: Math.min(most, heads - headStart) };
      const unit = this.#unit();
      if (!repeated && unit > 0 && headStart % unit === 0 && slice.heads === most) {
        const period = periods.meet({ head: headStart, running: [], owner: headStart });
        const times = period ? Math.floor((heads - headStart) / period.heads) : 0;
        if (period && times > 0 && period.heads % unit === 0) {
          repeated = true;
          this.#tally.repeatSince(period.sums, times);
          this.#rename(times * period.heads, 'slices');
          headStart += times * period.heads;
          continue;
        }
      }
      for (const [stage, every] of this.#sampled(() => walk(problem, tiling, slice, join))) {
        if (!this.#stage(stage, slice, every)) return false;
      }
      headStart += slice.heads;
    }
    return true;
  }

  /** The dispatches to replay, each with which of its waves: where a stage has many dispatches, some of them. */
  *#sampled(stages: () => Iterable<StageWalk>): Generator<[StageWalk, number]> {
    const { every } = this.#request;
    const dispatches = new Map<string, number>();
    if (every > 1) {
      for (const { stage } of stages()) dispatches.set(stage, (dispatches.get(stage) ?? 0) + 1);
    }
    const met = new Map<string, number>();
    for (const walk of stages()) {
      const { stage } = walk;
      const stride = Math.max(
        1,
        Math.min(every, Math.floor((dispatches.get(stage) ?? 0) / fewestDispatches)),
      );
      const index = met.get(stage) ?? 0;
      met.set(stage, index + 1);
      if (index % stride === 0) yield [walk, Math.ceil(every / stride)];
    }
  }

  /** Heads after which the work repeats; 0 where it does not. */
  #unit(): number {
    return this.#request.symmetry ? repeatingHeads(this.#request.problem, this.#perBatch) : 0;
  }

  #stage(stage: StageWalk, slice: HeadSlice, every: number): boolean {
    const { problem, residentWorkgroups, limit } = this.#request;
    const room = Math.max(1, Math.floor(residentWorkgroups / stage.joined));
    const perOwner = stage.owner === 'head' ? 1 : groupSize(problem);
    const periods = new PeriodFinder(problem, 'heads', this.#cache, this.#tally);
    const endOwner = stage.firstOwner + stage.owners;
    let residents: Resident[] = [];
    let [owner, workgroup] = [stage.firstOwner, 0];
    let looks = every === 1 && stage.owners > 2 && slice.headStart % groupSize(problem) === 0;

    let inWave = 0;

    /** Where the state is that of an earlier head, the heads that go on alike are multiplied. */
    const skipRepeats = () => {
      const unit = this.#unit();
      const head = owner * perOwner;
      if (unit === 0 || head % unit !== 0) return;
      const running = residents.map(({ owner, workgroup, stepsDone }) => ({ owner, workgroup, stepsDone }));
      const period = periods.meet({ head, running, owner });
      if (!period || period.heads % unit !== 0) return;
      looks = false;
      const times = Math.floor(((endOwner - owner) * perOwner) / period.heads);
      if (times === 0) return;
      this.#tally.repeatSince(period.sums, times);
      this.#rename(times * period.heads, 'heads');
      const owners = (times * period.heads) / perOwner;
      residents = running.map((group) => resumed(stage, { ...group, owner: group.owner + owners }));
      owner += owners;
    };

    const launch = () => {
      while (residents.length < room && owner < endOwner) {
        if (workgroup === 0 && looks) skipRepeats();
        if (owner >= endOwner) return;
        const started = resumed(stage, { owner, workgroup, stepsDone: 0 });
        if (started.step) residents.push(started);
        workgroup++;
        inWave++;
        if (every > 1 && inWave === room) {
          workgroup += (every - 1) * room;
          inWave = 0;
        }
        owner += Math.floor(workgroup / stage.workgroups);
        workgroup %= stage.workgroups;
      }
    };

    for (launch(); residents.length > 0; launch()) {
      let ended = false;
      for (const resident of residents) {
        this.#step(stage.stage, resident.step!);
        resident.stepsDone++;
        const next = resident.steps.next();
        resident.step = next.done ? null : next.value;
        if (next.done) ended = true;
      }
      if (ended) residents = residents.filter(({ step }) => step !== null);
      if (this.#replayed > limit) return false;
    }
    return true;
  }

  #step(stage: string, { accesses }: WalkStep): void {
    for (const access of accesses) {
      const { scope, buffer } = access.on;
      if (scope === 'batch' || scope === 'headInBatch') this.#perBatch = true;
      const account = this.#tally.account(stage, buffer);
      this.#tally.issue(account, access);
      this.#cache.access(access, account);
      this.#widest = Math.max(this.#widest, access.regionBytes);
    }
    this.#replayed += accesses.length;
  }

  #rename(heads: number, level: Level): void {
    const { problem } = this.#request;
    this.#cache.rename(({ scope, owner }) => owner + ownerShift(problem, scope, heads, level));
  }
}

/** Dispatches of a stage that are left, of each slice, where not all of them are replayed. */
const fewestDispatches = 4;

/** A workgroup after as many steps. */
function resumed(stage: StageWalk, { owner, workgroup, stepsDone }: RunningGroup): Resident {
  const steps = stage.steps(owner, workgroup)[Symbol.iterator]();
  let next = steps.next();
  for (let step = 0; step < stepsDone; step++) next = steps.next();
  return { owner, workgroup, stepsDone, steps, step: next.done ? null : next.value };
}

/** More than the tiles of any buffer that one owner has: tiles are 4 x 4 at least, splits 256 at most. */
function tilesBound(problem: Problem): number {
  const rows = Math.ceil(problem.seqLenQ / 4) + 1;
  const keys = Math.ceil(problem.seqLenKv / 4) + 1;
  return rows * keys + 256 * (rows * groupSize(problem) + 1) + rows + keys;
}
