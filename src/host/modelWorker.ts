import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { CacheModel, DramModel } from '../attention/dram/modelDram.ts';
import type { Pass, Problem } from '../attention/problem.ts';
import type { Result } from '../attention/shape.ts';
import type { Tiling } from '../attention/tiling.ts';

/** One plan and one cache. */
export interface DramRequest {
  /** Id of the catalogue. */
  algorithm: string;
  pass: Pass;
  problem: Problem;
  tiling: Tiling;
  cache: CacheModel;
}

/** Longer than any shape is known to take; a replay that takes longer is given up. */
const mostMs = 60_000;

/**
 * Replays tiles through a cache on a thread of its own: up to seconds for the longest shapes, in which an editor
 * must not stand still. The thread starts with the first request and ends with `dispose`.
 */
export class ModelWorker {
  readonly #entry: string;
  #worker: Worker | null = null;
  #tail: Promise<unknown> = Promise.resolve();
  #disposed = false;

  /** @param distFolder where `modelWorker.mjs` lies; absolute */
  constructor(distFolder: string) {
    this.#entry = join(distFolder, 'modelWorker.mjs');
  }

  /** Requests are answered one after the other. Rejects where the replay fails, takes a minute, or is disposed of. */
  model(request: DramRequest): Promise<DramModel> {
    const answer = this.#tail.then(() => this.#ask(request));
    this.#tail = answer.catch(() => {});
    return answer;
  }

  dispose(): void {
    this.#disposed = true;
    this.#end();
  }

  #ask(request: DramRequest): Promise<DramModel> {
    if (this.#disposed) return Promise.reject(new Error('the cache model was shut down'));
    this.#worker ??= new Worker(this.#entry);
    const worker = this.#worker;
    worker.unref();
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => {
        settle();
        this.#end();
        reject(error);
      };
      const timer = setTimeout(
        () => fail(new Error(`the cache model took longer than ${mostMs / 1000} s`)),
        mostMs,
      );
      const onMessage = (reply: Result<DramModel>) => {
        settle();
        if (reply.ok) resolve(reply.value);
        else reject(new Error(reply.error));
      };
      const onExit = () => fail(new Error('the thread of the cache model ended'));
      const settle = () => {
        clearTimeout(timer);
        worker.off('message', onMessage).off('error', fail).off('exit', onExit);
      };
      worker.on('message', onMessage).on('error', fail).on('exit', onExit);
      worker.ref();
      worker.postMessage(request);
    }).finally(() => worker.unref()) as Promise<DramModel>;
  }

  #end(): void {
    const worker = this.#worker;
    this.#worker = null;
    void worker?.terminate();
  }
}
