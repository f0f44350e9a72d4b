import { parentPort } from 'node:worker_threads';
import { algorithmPass, findAlgorithm } from '../attention/catalogue.ts';
import { modelDram } from '../attention/dram/modelDram.ts';
import type { DramRequest } from './modelWorker.ts';

/** The thread of a `ModelWorker`: one answer to each request, in order. */
parentPort?.on('message', ({ algorithm, pass, problem, tiling, cache }: DramRequest) => {
  try {
    const row = findAlgorithm(algorithm);
    if (!row) throw new RangeError(`unknown algorithm "${algorithm}"`);
    parentPort?.postMessage({
      ok: true,
      value: modelDram(algorithmPass(row, pass), problem, tiling, cache),
    });
  } catch (error) {
    parentPort?.postMessage({ ok: false, error: error instanceof Error ? error.message : String(error) });
  }
});
