import { expect, it } from 'vitest';
import { chooseTiling, findAlgorithm } from '../../../src/attention/catalogue.ts';
import { modelDram } from '../../../src/attention/dram/modelDram.ts';
import { replay } from '../../../src/attention/dram/replay.ts';
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

it.each(['standard', 'flash2', 'flash1', 'ring'])(
  'joined tiles and left-out heads change little: %s',
  (id) => {
    const sizes = { batch: 2, heads: 16, seqLenQ: 1024, headDim: 64, dtype: 'f16' } as const;
    const problem = plainProblem({ ...sizes, causal: 'bottom-right' });
    const row = findAlgorithm(id)!;
    const tiling = chooseTiling(row, problem, guaranteedLimits);
    if (!tiling.ok) throw new Error(tiling.error);
    const small = { cacheBytes: 3_000_000, residentWorkgroups: 100 };
    const full = replay({
      ...{ walk: row.forward.walk, problem, tiling: tiling.value, ...small, join: 1, heads: 32, every: 1 },
      ...{ limit: Number.POSITIVE_INFINITY, symmetry: true },
    });
    for (const join of [1, 4]) {
      // The heads of flash1 all run at once, a workgroup each: none may be left out.
      const heads = join === 1 || id === 'flash1' ? 32 : 24;
      const result = replay({
        ...{ walk: row.forward.walk, problem, tiling: tiling.value, ...small, join, heads, every: 1 },
        ...{ limit: Number.POSITIVE_INFINITY, symmetry: false },
      });
      const share = (accounts: typeof full.accounts, of: 'moved' | 'issued') =>
        accounts.reduce((sum, each) => sum + Number(each[of].load + each[of].store), 0);
      const missed = share(result.accounts, 'moved') / share(result.accounts, 'issued');
      const exact = share(full.accounts, 'moved') / share(full.accounts, 'issued');
      expect(Math.abs(missed / exact - 1)).toBeLessThan(join === 1 ? 1e-12 : 0.05);
    }
  },
  60_000,
);
