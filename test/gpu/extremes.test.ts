import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { catalogue } from '../../src/attention/catalogue.ts';
import { noOptions, type Problem } from '../../src/attention/problem.ts';
import { fillNormals } from '../../src/attention/random/stream.ts';
import { tensorRows } from '../../src/attention/storage.ts';
import { unsupported } from '../../src/attention/support.ts';
import { linkPlan } from '../../src/plans/link.ts';
import { planFor } from '../../src/plans/planFor.ts';
import { openInProcessHost } from '../support/inProcessHost.ts';

vi.setConfig({ testTimeout: 180_000 });

let host: Awaited<ReturnType<typeof openInProcessHost>>;

beforeAll(async () => {
  host = await openInProcessHost();
});

afterAll(() => host?.dispose());

const problem: Problem = {
  ...{ batch: 1, heads: 2, kvHeads: 1, seqLenQ: 41, seqLenKv: 53, headDim: 64, headDimV: 24 },
  ...noOptions,
  ...{ dtype: 'f16', causal: 'bottom-right', seed: 77 },
};

/** Q and K so large that scores reach about 1e4: beyond what e^x or a sum in f16 could hold. */
function largeInputs(): Map<string, Float32Array> {
  return new Map(
    (['q', 'k'] as const).map((name, stream) => {
      const { rows, layout } = tensorRows(problem, name);
      const values = new Float32Array(rows * layout.width);
      fillNormals(values, { seed: 99, stream });
      return [name, values.map((value) => value * 60)];
    }),
  );
}

const algorithms = catalogue.filter(
  // Overflow is the lesson of the one that subtracts no maximum.
  (row) => row.id !== 'standard-unsafe' && unsupported(row, problem, 'forward') === null,
);

describe('scores of 1e4 from f16 storage', () => {
  it.each(algorithms.map(({ id }) => id))('%s stays finite', async (id) => {
    const row = algorithms.find((each) => each.id === id)!;
    for (const pass of row.passes) {
      const planned = planFor(row, pass, problem, host.session.description.limits);
      if (!planned.ok) throw new Error(planned.reason);
      const measurement = await host.session.measure(
        {
          plan: planned.plan,
          modules: await linkPlan(planned.plan),
          steps: { check: { rows: 'all' }, count: false, time: null },
          budgetMs: null,
        },
        { inputs: largeInputs() },
      );
      expect(measurement.reason).toBeUndefined();
      for (const { nonFinite } of Object.values(measurement.errors!)) expect(nonFinite).toBe(0);
      // Scores this far apart make P one-hot: an algorithm that rounds scores may pick another key.
      if (!row.errorBound) expect(measurement.errors!.o?.relativeL2 ?? 0).toBeLessThan(2e-3);
    }
  });
});
