/** One submission shall stay well under the operating systems' watchdogs (about 2 s on Windows). */
export const targetSliceMs = 200;
/** Much more than one step of growth is a guess, and a wrong guess hangs a desktop. */
const maxGrowth = 4;

interface Rate {
  /** Of the last submission. */
  msPerGroup: number;
  /** Most workgroups in one submission so far. */
  largest: number;
  /** Over all submissions but the first, which pays for what a driver does at first use. */
  totalMs: number;
  totalGroups: number;
}

/**
 * How fast each kernel of a plan runs, learned from its slices: the first slice of a kernel is one
 * workgroup, later ones grow at most fourfold towards the target time.
 */
export class Pace {
  readonly #rates = new Map<string, Rate>();

  knows(kernel: string): boolean {
    return this.#rates.has(kernel);
  }

  /** Predicted milliseconds; 0 for a kernel that has not run. */
  predict(kernel: string, groups: number): number {
    return (this.#rates.get(kernel)?.msPerGroup ?? 0) * groups;
  }

  /**
   * Predicted milliseconds at the average pace so far. One slice is a poor witness where masks or other
   * programs make workgroups unequal, but the last one is the right one to size the next.
   */
  project(kernel: string, groups: number): number {
    const rate = this.#rates.get(kernel);
    if (!rate) return 0;
    return groups * (rate.totalGroups > 0 ? rate.totalMs / rate.totalGroups : rate.msPerGroup);
  }

  /**
   * Workgroups that may join a submission that holds `already` of the same kernel and has `milliseconds`
   * left: 0 for none. A kernel that has not run may have one.
   */
  allow(kernel: string, milliseconds: number, already: number): number {
    const rate = this.#rates.get(kernel);
    if (!rate) return already === 0 ? 1 : 0;
    return Math.max(
      0,
      Math.floor(Math.min(milliseconds / rate.msPerGroup, rate.largest * maxGrowth - already)),
    );
  }

  /** Learns from one submission; its time is shared among its kernels as they were predicted. */
  learn(work: readonly { kernel: string; groups: number }[], milliseconds: number): void {
    const totals = new Map<string, number>();
    for (const { kernel, groups } of work) totals.set(kernel, (totals.get(kernel) ?? 0) + groups);
    let predicted = 0;
    let groupsInAll = 0;
    for (const [kernel, groups] of totals) {
      predicted += this.predict(kernel, groups);
      groupsInAll += groups;
    }
    for (const [kernel, groups] of totals) {
      const rate = this.#rates.get(kernel);
      const share = rate && predicted > 0 ? (rate.msPerGroup * groups) / predicted : groups / groupsInAll;
      const spentMs = Math.max(1e-7 * groups, milliseconds * share);
      this.#rates.set(kernel, {
        msPerGroup: spentMs / groups,
        largest: Math.max(rate?.largest ?? 0, groups),
        totalMs: rate ? rate.totalMs + spentMs : 0,
        totalGroups: rate ? rate.totalGroups + groups : 0,
      });
    }
  }
}
