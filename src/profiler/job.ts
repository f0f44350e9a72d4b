import type { Pass, Problem } from '../attention/problem.ts';
import type { RequestedTiling } from '../attention/tiling.ts';
import type { AdapterChoice } from '../host/protocol.ts';

/** One profile: every algorithm and pass of one problem on one device. */
export interface ProfileJob {
  problem: Problem;
  /** Ids of the catalogue. */
  algorithms: string[];
  passes: Pass[];
  adapter: AdapterChoice;
  /** Overrides the default tiling where given. */
  tiling: RequestedTiling | null;
  /** Timed samples for each run. */
  repeats: number;
  /** Seconds for each run; null for none. */
  timeBudgetSeconds: number | null;
}

export interface ProfileProgress {
  /** Human sentence: `flash2: timing (3 of 5)`. */
  message: string;
  /** 0 to 1 over the whole job. */
  fraction: number;
}
