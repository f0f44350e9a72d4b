import type { MeasureProgress } from './measurement.ts';

type Phase = MeasureProgress['phase'];

/** Share of the bar that each phase ends at; which steps a request has decides nothing that a user sees. */
const ranges: Record<Phase, [number, number]> = {
  upload: [0, 0.05],
  compile: [0.05, 0.15],
  run: [0.15, 0.4],
  readback: [0.4, 0.45],
  check: [0.45, 0.55],
  count: [0.55, 0.75],
  time: [0.75, 1],
};

/** Compilers are slow, and nothing of them can be predicted. */
const patience: Record<Phase, number> = {
  upload: 30_000,
  compile: 60_000,
  run: 30_000,
  readback: 30_000,
  check: 30_000,
  count: 30_000,
  time: 30_000,
};

/** Says what comes next, before anything that can hang. Never goes backwards. */
export class ProgressReporter {
  readonly #listener: ((progress: MeasureProgress) => void) | undefined;
  readonly #leastPatienceMs: number;
  #fraction = 0;

  /** `leastPatienceMs`: what every step may take at least. */
  constructor(listener: ((progress: MeasureProgress) => void) | undefined, leastPatienceMs = 0) {
    this.#listener = listener;
    this.#leastPatienceMs = leastPatienceMs;
  }

  /** `within` is 0 to 1 inside the phase; `expectedMs` lengthens the patience for work known to be long. */
  report(phase: Phase, stage: string | null, within: number, expectedMs = 0): void {
    const [from, to] = ranges[phase];
    const fraction = from + (to - from) * Math.min(1, Math.max(0, within));
    this.#fraction = Math.max(this.#fraction, fraction);
    const patienceMs = Math.round(Math.max(patience[phase], this.#leastPatienceMs, 20 * expectedMs));
    this.#listener?.({ phase, stage, fraction: this.#fraction, patienceMs });
  }
}
