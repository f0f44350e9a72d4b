import { expect, test } from 'vitest';
import { formatRatio } from '../../../src/attention/units.ts';
import { comparisonsOf } from '../../../src/panel/model/comparison.ts';
import { totalBytes } from '../../../src/panel/model/count.ts';
import { readingOf } from '../../../src/panel/model/reading.ts';
import type { DocumentRun } from '../../../src/profiler/document/schema.ts';
import {
  fixtureDevice,
  fixtureDocument,
  fixtureGpu,
  fixtureProblem,
  okRun,
  unfinishedRun,
} from './fixtures.ts';

const problem = fixtureProblem('1,8,512,64');

function reading(runs: DocumentRun[], device = fixtureDevice): string {
  return readingOf(comparisonsOf(fixtureDocument(problem, runs, device))[0]!);
}

const on = (device: typeof fixtureDevice, algorithm: string, gflops: number) =>
  okRun(problem, algorithm, { gflops, device });

test('less traffic and less time: every number names its row', () => {
  const [standard, flash2] = [on(fixtureGpu, 'standard', 4), on(fixtureGpu, 'flash2', 12.4)];
  const bytes = formatRatio(totalBytes(standard.traffic.counted!), totalBytes(flash2.traffic.counted!));
  const memory = formatRatio(standard.memory!.peakBytes, flash2.memory!.peakBytes);
  expect(reading([standard, flash2], fixtureGpu)).toBe(
    `flash2 issues ${bytes} fewer bytes (counted) than standard and is 3.10× faster (measured), using ${memory} less memory (exact).`,
  );
});

test('a slower run is called slower', () => {
  expect(reading([on(fixtureGpu, 'standard', 12), on(fixtureGpu, 'flash2', 6)], fixtureGpu)).toMatch(
    /^flash2 issues .* fewer bytes \(counted\) than standard but is 2\.00× slower \(measured\), /,
  );
});

test('ranges that overlap are no difference', () => {
  expect(reading([on(fixtureGpu, 'standard', 12), on(fixtureGpu, 'flash2', 12.1)], fixtureGpu)).toContain(
    'and takes about as long (measured; the p25–p75 ranges overlap)',
  );
});

test('times of a software adapter are named as such', () => {
  expect(reading([on(fixtureDevice, 'standard', 4), on(fixtureDevice, 'flash2', 12)])).toContain(
    'is 3.00× faster (measured on a software adapter)',
  );
});

test('without counts the exact row is quoted, and named', () => {
  const uncounted = (algorithm: string) =>
    okRun(problem, algorithm, {
      change: (run) => {
        delete run.traffic.counted;
      },
    });
  expect(reading([uncounted('standard'), uncounted('flash2')])).toContain(
    'fewer bytes (exact) than standard',
  );
});

test('a skipped baseline leaves what the other did', () => {
  const text = reading([
    unfinishedRun(problem, 'standard', 'skipped', 'too large'),
    okRun(problem, 'flash2'),
  ]);
  expect(text).toMatch(
    /^flash2 takes .* \(measured on a software adapter, median\) and issues .* \(counted\), .*× the bound\. standard was skipped\.$/,
  );
});

test('a stopped run says how far it came', () => {
  expect(reading([unfinishedRun(problem, 'flash2', 'stopped', 'budget')])).toBe(
    'flash2 was stopped after 3 of 96 slices; the whole would take about 78.7 s (projected from measured slices).',
  );
});

test('nothing finished: each run by its fate', () => {
  const runs = [
    unfinishedRun(problem, 'standard', 'skipped', 'too large'),
    unfinishedRun(problem, 'flash2', 'failed', 'lost'),
  ];
  expect(reading(runs)).toBe('flash2 failed. standard was skipped.');
});

test('a run whose counts are wrong is not compared', () => {
  const wrong = okRun(problem, 'flash2', {
    change: ({ traffic }) => {
      traffic.counted!.buffers.q!.loads = 1;
    },
  });
  expect(reading([okRun(problem, 'standard'), wrong])).toBe(
    'flash2 ran, but its counts differ from the closed form: do not trust it.',
  );
});

test('every run is compared with standard of its own pass, and the skipped stand together', () => {
  const turned = (run: DocumentRun, change: Partial<DocumentRun>): DocumentRun => ({ ...run, ...change });
  const backward = { pass: 'backward' as const };
  const skipped = unfinishedRun(problem, 'standard', 'skipped', 'has no such pass');
  const text = reading(
    [
      turned(on(fixtureGpu, 'flash2', 12), { algorithm: 'flash1' }),
      on(fixtureGpu, 'standard', 4),
      turned(on(fixtureGpu, 'standard', 2), backward),
      on(fixtureGpu, 'flash2', 12),
      turned(on(fixtureGpu, 'flash2', 1), backward),
      turned(skipped, { algorithm: 'ring', device: fixtureGpu.id }),
      turned(skipped, { algorithm: 'ring', device: fixtureGpu.id, ...backward }),
    ],
    fixtureGpu,
  );
  expect(text.split(/(?<=\.) /)).toEqual([
    expect.stringMatching(/^flash1 forward issues .* than standard forward and is 3\.00× faster/),
    expect.stringMatching(/^flash2 forward issues .* than standard forward and is 3\.00× faster/),
    expect.stringMatching(/^flash2 backward issues .* than standard backward but is 2\.00× slower/),
    'ring forward and ring backward were skipped.',
  ]);
});
