import type { StageWork } from '../cost/cost.ts';
import type { KernelTraits } from './traits.ts';

/** A stage with all that its time follows from. */
export interface ProjectedStage extends StageWork {
  /** What passes between device memory and the chip. */
  bytes: bigint;
  /** What its products read from shared memory, where it is known; 0 leaves that bound out. */
  sharedMemoryBytes?: bigint;
  /** Workgroups that one multiprocessor holds at a time; 1 where left out. */
  residentPerMultiprocessor?: number;
  /** Its own, where they differ from those of the others. */
  traits?: KernelTraits;
}

/**
 * What a stage waits for most. `matmul` is its products, at their rate or at the rate at which shared memory
 * feeds them.
 */
export const timeLimits = ['bandwidth', 'matmul', 'exponentials', 'launch'] as const;
export type TimeLimit = (typeof timeLimits)[number];

export interface StageProjection {
  stage: string;
  ms: number;
  lowMs: number;
  highMs: number;
  limitedBy: TimeLimit;
  /** What each would take alone with the typical parameters, the wave efficiency in it; exponentials as exposed. */
  parts: { bandwidthMs: number; matmulMs: number; exponentialMs: number; launchMs: number };
  /** Share of the multiprocessors' time that its workgroups fill; null where it is not known. */
  waveEfficiency: number | null;
}

/** Projected time: a model's number, the range that its parameters span, and what it rests on. */
export interface Projection {
  provenance: 'modelled';
  ms: number;
  lowMs: number;
  highMs: number;
  stages: StageProjection[];
  assumptions: string[];
}
