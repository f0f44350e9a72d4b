import type { BufferSize } from '../attention/cost/cost.ts';
import type { AnyPlan, LinkedModule, Plan, SiteCount } from '../plans/plan.ts';

export type { SiteCount } from '../plans/plan.ts';

export interface MeasureRequest<P extends AnyPlan = Plan> {
  plan: P;
  modules: LinkedModule[];
  steps: {
    /**
     * Compare outputs with float64 on this many rows in all (spread over batch, heads and sequence), or all.
     * Null for a kernel of the user's own.
     */
    check: { rows: number | 'all' } | null;
    count: boolean;
    /** Timed samples wanted; fewer are taken where the budget ends first. */
    time: { samples: number } | null;
  };
  /** Wall-clock budget for the whole measurement; past it the result is `stopped`. Null: no budget. */
  budgetMs: number | null;
}

export interface TimeMeasurement {
  medianMs: number;
  p25Ms: number;
  p75Ms: number;
  /** Submission to idle, of the same samples. */
  wallMedianMs: number;
  /** Device time of one run of the plan, per sample. */
  samplesMs: number[];
  stages: { name: string; medianMs: number }[];
  /** `timestamp-query` clocks the device; `wall` is used where the adapter has no timestamps. */
  clock: 'timestamp-query' | 'wall';
}

export interface ErrorMeasurement {
  reference: 'float64';
  /** Rows compared; `of` is how many there are. */
  rows: number;
  of: number;
  relativeL2: number;
  maxAbs: number;
  /** NaN or infinity among the elements compared, or left from the poison. */
  nonFinite: number;
}

/** One error of the device's compiler. Line and column in the module's WGSL, from 1; 0 where it names none. */
export interface CompileProblem {
  line: number;
  column: number;
  message: string;
}

/** How far a stopped run came. */
export interface PartialRun {
  slicesDone: number;
  slices: number;
  elapsedMs: number;
  /** Projection of one whole run from the slices done. */
  predictedMs: number;
  slicesMs: number[];
}

export interface Measurement {
  status: 'ok' | 'stopped' | 'failed';
  /** What happened and what to do next; present unless status is ok. */
  reason?: string;
  /** Failed because the device had no memory left, or allows no buffer of the size. */
  doesNotFit?: true;
  /** Where the compiler refused a kernel. */
  compileErrors?: CompileProblem[];
  /** What a reader of the numbers should know, in sentences. */
  notes?: string[];
  time: TimeMeasurement | null;
  partial: PartialRun | null;
  counts: SiteCount[] | null;
  /** By output: o, lse. */
  errors: Record<string, ErrorMeasurement> | null;
  /** The plan's device numbers, by name; absent where it has none, or was stopped before. */
  deviceNumbers?: Record<string, number>;
  /** What the ledger saw: peak bytes of the plan's tensors, and the harness's own buffers apart. */
  memory: { peakBytes: number; harnessPeakBytes: number; buffers: BufferSize[] };
}

/** Sent before anything that can hang, so that a hang has a name. */
export interface MeasureProgress {
  phase: 'upload' | 'compile' | 'run' | 'check' | 'count' | 'time' | 'readback';
  stage: string | null;
  /** 0 to 1 within the measurement. */
  fraction: number;
  /** No sign of life for longer than this means a hang. */
  patienceMs: number;
}
