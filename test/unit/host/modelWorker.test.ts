import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { algorithmPass, chooseTiling, findAlgorithm } from '../../../src/attention/catalogue.ts';
import { modelDram } from '../../../src/attention/dram/modelDram.ts';
import { guaranteedLimits } from '../../../src/attention/limits.ts';
import { noOptions, type Problem } from '../../../src/attention/problem.ts';
import { type DramRequest, ModelWorker } from '../../../src/host/modelWorker.ts';

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'attnprof-worker-'));
  await esbuild.build({
    entryPoints: ['src/host/modelWorkerMain.ts'],
    outfile: join(folder, 'modelWorker.mjs'),
    ...{ bundle: true, platform: 'node', format: 'esm', logLevel: 'warning' },
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function requestOf(algorithm: string, seqLen: number): DramRequest {
  const problem: Problem = {
    ...{ batch: 1, heads: 4, kvHeads: 2, seqLenQ: seqLen, seqLenKv: seqLen + 7, headDim: 40, headDimV: 24 },
    ...noOptions,
    ...{ dtype: 'f16', seed: 1 },
  };
  const tiling = chooseTiling(findAlgorithm(algorithm)!, problem, guaranteedLimits);
  if (!tiling.ok) throw new Error(tiling.error);
  const cache = { cacheBytes: 50_000, residentWorkgroups: 3 };
  return { algorithm, pass: 'forward', problem, tiling: tiling.value, cache };
}

test('the thread gives what the function gives, one request after the other', async () => {
  const worker = new ModelWorker(folder);
  const requests = ['flash2', 'standard', 'flash1'].map((id, index) => requestOf(id, 90 + 13 * index));
  const answers = await Promise.all(requests.map((request) => worker.model(request)));
  for (const [index, { algorithm, pass, problem, tiling, cache }] of requests.entries()) {
    const row = findAlgorithm(algorithm)!;
    expect(answers[index]).toEqual(modelDram(algorithmPass(row, pass), problem, tiling, cache));
  }
  worker.dispose();
});

test('a request that fails costs one answer, and says why', async () => {
  const worker = new ModelWorker(folder);
  await expect(worker.model({ ...requestOf('flash2', 50), algorithm: 'flash9' })).rejects.toThrow(/flash9/);
  expect((await worker.model(requestOf('flash2', 50))).traffic.provenance).toBe('modelled');
  worker.dispose();
});

test('after dispose nothing is answered and nothing waits for ever', async () => {
  const worker = new ModelWorker(folder);
  const under = worker.model(requestOf('standard', 400));
  worker.dispose();
  await expect(under).rejects.toThrow();
  await expect(worker.model(requestOf('flash2', 50))).rejects.toThrow(/shut down/);
});

test('a thread that cannot start is an error, not a wait', async () => {
  const worker = new ModelWorker(join(folder, 'nowhere'));
  await expect(worker.model(requestOf('flash2', 50))).rejects.toThrow();
  worker.dispose();
});
