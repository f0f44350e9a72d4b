import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gpuTable } from '../../../src/attention/devices/table.ts';
import { guaranteedLimits } from '../../../src/attention/limits.ts';
import { readDocument } from '../../../src/profiler/document/read.ts';
import type { ProfileDocument } from '../../../src/profiler/document/schema.ts';
import { writeDocument } from '../../../src/profiler/document/write.ts';
import { profile } from '../../../src/profiler/profile.ts';
import { missingRuns } from '../../../src/profiler/sweep/missing.ts';
import { type SweepJob, sweep } from '../../../src/profiler/sweep/sweep.ts';
import { type FakeOptions, fakeHost, measured, stopped } from './fakeHost.ts';
import { axesOf, plannedSweep, small } from './samples.ts';

/** The row of the table that a device is taken to be: its caches are modelled. */
const standIn = () => ({ gpu: gpuTable.find(({ id }) => id === 'a100-80gb-sxm')!, same: true });
const now = () => new Date('2026-01-31T12:00:00Z');

/** As a program does that is ended after `after` runs and started again until the sweep is done. */
async function inSessions(job: Partial<SweepJob>, after: number, fake: FakeOptions = {}) {
  const planned = plannedSweep(job);
  const asked: string[][] = [];
  let earlier: ProfileDocument | null = null;
  for (;;) {
    const controller = new AbortController();
    const session = fakeHost({ ...fake, cancel: { after, controller } });
    asked.push(session.asked);
    try {
      const document = await sweep(planned, session.host, {
        ...{ earlier, now, standIn, signal: controller.signal },
        onDocument: (soFar) => {
          earlier = reread(soFar);
        },
      });
      return { document, asked };
    } catch (error) {
      if (!controller.signal.aborted) throw error;
    }
  }
}

function reread(document: ProfileDocument): ProfileDocument {
  const read = readDocument(writeDocument(document));
  if (!read.ok) throw new Error(read.error);
  return read.value;
}

const outcomes = ({ runs }: ProfileDocument) =>
  runs.map(({ point, algorithm, status }) => `${point} ${algorithm} ${status}`);

describe('a sweep', () => {
  test('is one document: a problem for each size, runs that refer to them, small ones first', async () => {
    const { host, asked } = fakeHost();
    const progress: number[] = [];
    const heard: number[] = [];
    const document = await sweep(plannedSweep({ axes: axesOf('d=8,4', 'seq=16,32') }), host, {
      onProgress: ({ fraction }) => progress.push(fraction),
      onDocument: ({ runs }) => heard.push(runs.length),
    });
    expect(asked).toHaveLength(8);
    expect(document.problems).toHaveLength(4);
    expect(outcomes(reread(document))).toEqual(
      ['seq=16 d=4', 'seq=16 d=8', 'seq=32 d=4', 'seq=32 d=8'].flatMap((point) => [
        `${point} standard ok`,
        `${point} flash2 ok`,
      ]),
    );
    for (const { point, problem } of document.runs) {
      const found = document.problems.find(({ id }) => id === problem)!;
      expect(point).toBe(`seq=${found.seqLenQ} d=${found.headDim}`);
    }
    expect(heard).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress.at(-1)).toBe(1);
    expect(missingRuns(document)).toEqual([]);
  });

  test('runs each point as a profile of that problem does', async () => {
    const document = await sweep(plannedSweep({ axes: axesOf('seq=32') }), fakeHost().host, { now });
    const { axes: _, shard: __, ...job } = plannedSweep().job;
    const alone = await profile(
      { ...job, problem: { ...small, seqLenQ: 32, seqLenKv: 32 } },
      fakeHost().host,
      { now },
    );
    const { sweep: declared, ...rest } = document;
    expect(declared!.points).toHaveLength(1);
    expect({ ...rest, runs: rest.runs.map(({ point: _point, ...run }) => run) }).toEqual(alone);
  });

  test('asks for the tilings that vary', async () => {
    const { host, asked } = fakeHost();
    const document = await sweep(plannedSweep({ axes: axesOf('br=4..16'), algorithms: ['flash2'] }), host);
    expect(asked).toEqual([4, 8, 16].map((br) => `flash2 forward n16 d8 br${br}`));
    expect(document.problems).toHaveLength(1);
    expect(document.runs.map(({ tiling }) => tiling!.br)).toEqual([4, 8, 16]);
  });

  test('does not try what is larger than what its time budget stopped', async () => {
    const { host, asked } = fakeHost({
      outcome: (plan) =>
        plan.algorithm === 'standard' && plan.problem.seqLenQ === 32 && plan.problem.headDim === 8
          ? stopped(plan)
          : measured(plan),
    });
    const job = { axes: axesOf('seq=16..64', 'd=4..16'), timeBudgetSeconds: 1 };
    const document = await sweep(plannedSweep(job), host);
    const standard = document.runs.filter(({ algorithm }) => algorithm === 'standard');
    expect(standard.filter(({ status }) => status === 'skipped').map(({ point }) => point)).toEqual([
      'seq=32 d=16',
      'seq=64 d=8',
      'seq=64 d=16',
    ]);
    for (const { status, reason, time, memory } of standard) {
      if (status !== 'skipped') continue;
      expect(reason).toBe('Not tried: it was stopped at seq=32 d=8 already (The time budget of 1 s ended.)');
      expect({ time, known: memory !== null }).toEqual({ time: null, known: true });
    }
    // The other algorithm went on, and so did the smaller head dim.
    expect(asked.filter((each) => each.startsWith('standard forward n64'))).toHaveLength(1);
    expect(asked.filter((each) => each.startsWith('flash2'))).toHaveLength(9);
  });

  test('names the size at which standard no longer fits', async () => {
    const { host, asked } = fakeHost();
    const job = { axes: axesOf('seq=64,8192,16384'), problem: { ...small, heads: 1, kvHeads: 1 } };
    const document = await sweep(plannedSweep(job), host);
    expect(outcomes(document).filter((each) => each.includes('standard'))).toEqual([
      'seq=64 standard ok',
      'seq=8192 standard skipped',
      'seq=16384 standard skipped',
    ]);
    const [first, then] = document.runs.filter(({ status }) => status === 'skipped');
    expect(first!.reason).toMatch(/maxStorageBufferBindingSize/);
    expect(then!.reason).toMatch(/^Not tried: it does not fit at seq=8192 already \(.*maxStorage/);
    expect(asked.filter((each) => each.startsWith('standard'))).toHaveLength(1);
  });

  test('takes a device that has no memory left for a size that does not fit', async () => {
    const { host, asked } = fakeHost({
      outcome: (plan) =>
        plan.algorithm === 'standard' && plan.problem.seqLenQ === 32
          ? { ...measured(plan), status: 'failed', reason: 'out of memory', doesNotFit: true, time: null }
          : measured(plan),
    });
    const document = await sweep(plannedSweep(), host);
    expect(outcomes(document).filter((each) => each.includes('standard'))).toEqual([
      'seq=16 standard ok',
      'seq=32 standard skipped',
      'seq=64 standard skipped',
    ]);
    expect(document.runs.at(-2)!.reason).toBe('Not tried: it does not fit at seq=32 already (out of memory)');
    expect(asked.filter((each) => each.startsWith('standard'))).toHaveLength(2);
  });

  test('goes on after a failure, and tries larger sizes all the same', async () => {
    const { host } = fakeHost({ outcome: (plan, call) => (call === 1 ? 'crash' : measured(plan)) });
    const document = await sweep(plannedSweep({ algorithms: ['flash2'] }), host);
    expect(outcomes(document)).toEqual(['seq=16 flash2 failed', 'seq=32 flash2 ok', 'seq=64 flash2 ok']);
  });
});

describe('resumed', () => {
  const jobs: Partial<SweepJob>[] = [
    {},
    { axes: axesOf('seq=16,32', 'd=4,8', 'br=4,8'), passes: ['forward', 'backward'] },
    { axes: axesOf('seq=64..512'), shard: { index: 1, count: 2 } },
  ];

  /** Binds no score matrix beyond 64 x 64. */
  const tight = { description: { limits: { ...guaranteedLimits, maxStorageBufferBindingSize: 32_768 } } };

  test('however often it was ended, it comes to the same document, and no run is done twice', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...jobs), fc.integer({ min: 1, max: 7 }), async (job, after) => {
        const { document, asked } = await inSessions(job, after, tight);
        const whole = fakeHost(tight);
        expect(document).toEqual(await sweep(plannedSweep(job), whole.host, { now, standIn }));
        for (const { status, traffic, projection } of document.runs) {
          if (status === 'ok') expect([traffic.modelled, projection]).not.toContain(undefined);
        }
        // The run during which a session ended is begun again by the next.
        const ended = asked.slice(0, -1).map((session) => session.slice(0, after));
        expect([...ended, ...asked.slice(-1)].flat()).toEqual(whole.asked);
      }),
      { numRuns: 12 },
    );
  });

  test('keeps what was stopped, and tries again what failed', async () => {
    const planned = plannedSweep({ algorithms: ['flash2'], timeBudgetSeconds: 1 });
    const before = await sweep(
      planned,
      fakeHost({
        outcome: (plan, call) => (call === 1 ? 'crash' : call === 2 ? stopped(plan) : measured(plan)),
      }).host,
    );
    const { host, asked } = fakeHost();
    let first: ProfileDocument | undefined;
    const after = await sweep(planned, host, {
      earlier: before,
      onDocument: (soFar) => {
        first ??= soFar;
      },
    });
    expect(asked).toEqual(['flash2 forward n16 d8 br16']);
    expect(outcomes(after)).toEqual(['seq=16 flash2 ok', 'seq=32 flash2 stopped', 'seq=64 flash2 skipped']);
    // What is kept is there from the first document on: a second end loses none of it.
    expect(first!.runs.map(({ status }) => status)).toContain('stopped');
    expect(after.createdAt).toBe(before.createdAt);
  });

  test.each<[string, Partial<SweepJob>, RegExp]>([
    ['other sizes', { axes: axesOf('seq=16..32') }, /another sweep: it varies seq=16,32,64, not seq=16,32$/],
    ['other algorithms', { algorithms: ['flash2'] }, /it has algorithms standard,flash2, not flash2/],
    ['another pass', { passes: ['backward'] }, /it has passes forward, not backward/],
    ['more samples', { repeats: 4 }, /it takes samples 3, not 4/],
    ['a time budget', { timeBudgetSeconds: 2 }, /a time budget of no seconds, not 2 seconds/],
    ['another seed', { problem: { ...small, seed: 4 } }, /begins with .* seed3, not .* seed4/],
    ['another tiling', { tiling: { br: 8 } }, /asks for tilings/],
    ['another part', { shard: { index: 1, count: 2 } }, /it is the whole, not shard 1\/2/],
  ])('%s: refused', async (_name, job, right) => {
    const earlier = await sweep(plannedSweep(), fakeHost().host);
    const { host, asked } = fakeHost();
    await expect(sweep(plannedSweep(job), host, { earlier })).rejects.toThrow(right);
    expect(asked).toEqual([]);
  });

  test.each<[string, NonNullable<FakeOptions['description']>, RegExp]>([
    ['another GPU', { id: 'other', name: 'Other GPU' }, /another device: it was Fake GPU, this is Other GPU/],
    ['another driver', { driver: '2' }, /Fake GPU has another driver now/],
  ])('%s: refused', async (_name, description, right) => {
    const earlier = await sweep(plannedSweep(), fakeHost().host);
    await expect(sweep(plannedSweep(), fakeHost({ description }).host, { earlier })).rejects.toThrow(right);
  });

  test('a profile and another version of the tool are refused', async () => {
    const earlier = await sweep(plannedSweep(), fakeHost().host);
    const { sweep: _, ...plain } = earlier;
    await expect(sweep(plannedSweep(), fakeHost().host, { earlier: plain })).rejects.toThrow(/no sweep/);
    const old = { ...earlier, tool: { ...earlier.tool, version: '0.0.1' } };
    await expect(sweep(plannedSweep(), fakeHost().host, { earlier: old })).rejects.toThrow(/0\.0\.1/);
  });
});

test('a document whose runs name points of another problem is not valid', async () => {
  const document = await sweep(plannedSweep(), fakeHost().host);
  const wrong = structuredClone(document);
  wrong.runs[0]!.point = 'seq=64';
  const read = readDocument(JSON.stringify(wrong));
  expect(read.ok ? '' : read.error).toMatch(
    /runs\[0\]\.point: the sweep has no point "seq=64" of the problem/,
  );
  const twice = structuredClone(document);
  twice.sweep!.points[1]!.id = 'seq=16';
  const other = readDocument(JSON.stringify(twice));
  expect(other.ok ? '' : other.error).toMatch(/sweep\.points\[1\]: the id "seq=16" is used twice/);
});
