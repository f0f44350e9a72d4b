/** Where time comes from; replaced in tests. */
export interface Clock {
  now(): number;
  /** Calls back every `ms`; the result stops it. */
  every(ms: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  every: (ms, callback) => {
    const timer = setInterval(callback, ms);
    return () => clearInterval(timer);
  },
};

const tickMs = 250;

/**
 * Notices that nothing was heard for longer than the patience announced. Time is added up in short ticks,
 * and a tick counts little more than its length: a machine that slept or a process that was held does not
 * look like a hang, and messages that waited meanwhile are read before the next tick.
 */
export class Watchdog {
  readonly #clock: Clock;
  readonly #stop: () => void;
  readonly #onStall: (silentMs: number) => void;
  #patienceMs: number;
  #silentMs = 0;
  #lastTick: number;
  #stopped = false;

  constructor(patienceMs: number, onStall: (silentMs: number) => void, clock: Clock = systemClock) {
    this.#clock = clock;
    this.#patienceMs = patienceMs;
    this.#onStall = onStall;
    this.#lastTick = clock.now();
    this.#stop = clock.every(tickMs, () => this.#tick());
  }

  /** A sign of life: the silence starts anew, with this patience. Milliseconds. */
  heard(patienceMs: number): void {
    this.#silentMs = 0;
    this.#patienceMs = patienceMs;
  }

  #tick(): void {
    if (this.#stopped) return;
    const now = this.#clock.now();
    this.#silentMs += Math.min(now - this.#lastTick, 2 * tickMs);
    this.#lastTick = now;
    if (this.#silentMs <= this.#patienceMs) return;
    this.dispose();
    this.#onStall(this.#silentMs);
  }

  dispose(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#stop();
  }
}
