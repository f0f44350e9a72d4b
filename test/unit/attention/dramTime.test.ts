import { expect, it } from 'vitest';
import { chooseTiling, findAlgorithm } from '../../../src/attention/catalogue.ts';
import { modelDram } from '../../../src/attention/dram/modelDram.ts';
import { guaranteedLimits } from '../../../src/attention/limits.ts';
import { plainProblem } from './arbitrary.ts';

/** The L2 of a large GPU, and four workgroups on each of its 108 multiprocessors. */
const cache = { cacheBytes: 40 * 2 ** 20, residentWorkgroups: 432 };

const shapes = [
  plainProblem({ heads: 32, seqLenQ: 131_072, headDim: 128, dtype: 'f16' }),
  plainProblem({ heads: 32, seqLenQ: 131_072, headDim: 128, dtype: 'f16', causal: 'bottom-right' }),
  plainProblem({ batch: 64, heads: 16, seqLenQ: 4096, headDim: 64, dtype: 'f16' }),
];

it('the model of the longest shapes takes about a second', () => {
  for (const problem of shapes) {
    for (const id of ['standard', 'flash2', 'flash-decoding', 'memory-efficient']) {
      const row = findAlgorithm(id)!;
      const tiling = chooseTiling(row, problem, guaranteedLimits);
      if (!tiling.ok) throw new Error(tiling.error);
      const start = performance.now();
      const model = modelDram(row.forward, problem, tiling.value, cache);
      const ms = Math.round(performance.now() - start);
      const { replayed, coarsening, sampledHeads, waveStride } = model;
      const words = `${replayed} accesses, ${coarsening} tiles joined, ${sampledHeads ?? 'all'} heads`;
      console.log(`${id} n=${problem.seqLenQ} b=${problem.batch}: ${ms} ms, ${words}, stride ${waveStride}`);
      // Accesses do not depend on how busy the machine is; a million take well under a second.
      expect(replayed).toBeLessThan(1_000_000);
      expect(ms).toBeLessThan(15_000);
      const exact = row.forward.cost(problem, tiling.value).traffic;
      expect(model.traffic.readBytes).toBeLessThanOrEqual(exact.readBytes);
      expect(model.traffic.writeBytes).toBeLessThanOrEqual(exact.writeBytes);
    }
  }
}, 120_000);
