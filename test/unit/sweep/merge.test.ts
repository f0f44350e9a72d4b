import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ProfileDocument } from '../../../src/profiler/document/schema.ts';
import { mergeSweeps } from '../../../src/profiler/sweep/merge.ts';
import { missingRuns } from '../../../src/profiler/sweep/missing.ts';
import { type SweepJob, sweep } from '../../../src/profiler/sweep/sweep.ts';
import { type FakeOptions, fakeHost, measured } from './fakeHost.ts';
import { axesOf, plannedSweep } from './samples.ts';

const now = () => new Date('2026-01-31T12:00:00Z');

function run(job: Partial<SweepJob> = {}, fake: FakeOptions = {}): Promise<ProfileDocument> {
  return sweep(plannedSweep(job), fakeHost(fake).host, { now });
}

function merged(...documents: ProfileDocument[]): ProfileDocument {
  const result = mergeSweeps(documents.map((document, index) => ({ name: `file${index}`, document })));
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

function refusal(...documents: ProfileDocument[]): string {
  const result = mergeSweeps(documents.map((document, index) => ({ name: `file${index}`, document })));
  return result.ok ? '' : result.error;
}

const job = { axes: axesOf('seq=8..64:8', 'd=4,8') };

async function shards(count: number): Promise<ProfileDocument[]> {
  const indexes = Array.from({ length: count }, (_, index) => index + 1);
  return Promise.all(indexes.map((index) => run({ ...job, shard: { index, count } })));
}

test('the shards of a sweep, in any order and some of them twice, are the sweep', async () => {
  const whole = await run(job);
  for (const count of [1, 3, 5, 20]) {
    const parts = await shards(count);
    fc.assert(
      fc.property(fc.shuffledSubarray(parts, { minLength: count }), fc.subarray(parts), (order, again) => {
        expect(merged(...order, ...again)).toEqual(whole);
      }),
      { numRuns: 20 },
    );
    const joined = merged(...parts);
    expect(merged(joined, parts[0]!)).toEqual(joined);
  }
});

test('what no shard has is missing; of a shard, its own points alone', async () => {
  const parts = await shards(4);
  const lost = parts.pop()!;
  const joined = merged(...parts);
  const names = ({
    point,
    algorithm,
    pass,
  }: {
    point?: string | undefined;
    algorithm: string;
    pass: string;
  }) => `${point} ${algorithm} ${pass}`;
  expect(missingRuns(joined).map(names)).toEqual(lost.runs.map(names));
  expect(missingRuns(lost)).toEqual([]);
  const half = { ...lost, runs: lost.runs.slice(0, 3) };
  expect(missingRuns(half).map(names)).toEqual(lost.runs.slice(3).map(names));
});

test('a failed run gives way to one that did not fail', async () => {
  const failing = await run(job, {
    outcome: (plan, call) => (call === 2 ? 'crash' : measured(plan)),
  });
  const whole = await run(job);
  expect(failing.runs[1]!.status).toBe('failed');
  expect(merged(failing, whole).runs[1]).toEqual(whole.runs[1]);
  expect(merged(whole, failing).runs[1]).toEqual(whole.runs[1]);
});

describe('devices', () => {
  test('stay apart, also where they share an id', async () => {
    const here = await run(job);
    const there = await run(job, { description: { id: 'b', name: 'Other GPU' } });
    const driver = await run(job, { description: { driver: '2' } });
    const joined = merged(here, there, driver);
    expect(joined.devices.map(({ id, driver: version }) => [id, version])).toEqual([
      ['fake', null],
      ['b', null],
      ['fake (2)', '2'],
    ]);
    expect(joined.runs).toHaveLength(3 * here.runs.length);
    expect(joined.runs.slice(-here.runs.length).every(({ device }) => device === 'fake (2)')).toBe(true);
    expect(missingRuns(joined)).toEqual([]);
    // What was merged can be merged again.
    expect(merged(joined, there, driver)).toEqual(joined);
  });
});

describe('refused', () => {
  test('no sweep, nothing, another sweep, another version', async () => {
    const whole = await run(job);
    const { sweep: _, ...plain } = whole;
    expect(refusal()).toBe('there is nothing to merge');
    expect(refusal(whole, plain)).toMatch(/^file1 is no sweep/);
    expect(refusal(plain)).toMatch(/^file0 is no sweep/);
    expect(refusal(whole, await run())).toMatch(/file0 and file1 are different sweeps: of file0, it varies/);
    const old = { ...whole, tool: { ...whole.tool, version: '0.0.1' } };
    expect(refusal(whole, old)).toMatch(/file1 by attention-profiler 0\.0\.1/);
  });

  test('two different measurements of one run', async () => {
    const whole = await run(job);
    const other = structuredClone(whole);
    other.runs[3]!.time!.samplesMs[0]! += 1;
    expect(refusal(whole, other)).toMatch(
      /^file0 and file1 both have flash2 forward at seq=8 d=8 on the same device, with different results/,
    );
    // What is modelled is no measurement.
    const modelled = structuredClone(whole);
    for (const each of modelled.runs) delete each.projection;
    expect(refusal(whole, modelled)).toBe('');
  });
});

test('200 runs in four shards, two of them ended on the way: each is there once', async () => {
  const large = { axes: axesOf('seq=8..200:8', 'd=4..32', 'h=1,2'), algorithms: ['flash2'] };
  const whole = await run(large);
  expect(whole.runs).toHaveLength(200);
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray([1, 2, 3, 4], { minLength: 2, maxLength: 2 }),
      fc.nat(20),
      async (ended, after) => {
        const parts: ProfileDocument[] = [];
        for (const index of [1, 2, 3, 4]) {
          const planned = plannedSweep({ ...large, shard: { index, count: 4 } });
          let earlier: ProfileDocument | null = null;
          if (ended.includes(index)) {
            const controller = new AbortController();
            const { host } = fakeHost({ cancel: { after, controller } });
            const onDocument = (soFar: ProfileDocument) => {
              earlier = soFar;
            };
            const session = sweep(planned, host, { now, onDocument, signal: controller.signal });
            await expect(session).rejects.toThrow(/abort/i);
          }
          parts.push(await sweep(planned, fakeHost().host, { now, earlier }));
        }
        expect(merged(...parts)).toEqual(whole);
      },
    ),
    { numRuns: 2 },
  );
}, 60_000);
