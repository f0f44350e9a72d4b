import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readShard, shardFile } from '../../src/cli/sweepShard.ts';
import { readDocument } from '../../src/profiler/document/read.ts';
import type { ProfileDocument } from '../../src/profiler/document/schema.ts';
import { writeDocument } from '../../src/profiler/document/write.ts';
import { type PlannedSweep, sweep } from '../../src/profiler/sweep/sweep.ts';
import { runFaked } from './cliFakes.ts';
import { sampleDocument } from './documentSamples.ts';
import { type FakeOptions, fakeHost, measured, stopped } from './sweep/fakeHost.ts';

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'attnprof-sweep-'));
  file = join(folder, 'a.attnprof.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const base = ['1,2,16,8', '--vary', 'seq=16..64', '-a', 'standard,flash2', '--cache-of', 'none'];

/** The real sweep behind the command line, on a device that only times. */
async function onFake(argv: string[], fake: FakeOptions = {}, environment: Record<string, string> = {}) {
  const { host, asked } = fakeHost(fake);
  const signal = fake.cancel ? { signal: fake.cancel.controller.signal } : {};
  const services = { createHost: () => host, sweep };
  return { asked, ...(await runFaked(['sweep', ...argv], { services, environment, ...signal })) };
}

function readBack(text: string): ProfileDocument {
  const read = readDocument(text);
  if (!read.ok) throw new Error(read.error);
  return read.value;
}

const kept = () => readBack(readFileSync(file, 'utf8'));
const interrupted = (after: number) => ({ cancel: { after, controller: new AbortController() } });

describe('the sweep', () => {
  async function plannedBy(...argv: string[]): Promise<PlannedSweep> {
    let seen: PlannedSweep | undefined;
    const services = {
      sweep: async (planned: PlannedSweep) => {
        seen = planned;
        return sampleDocument();
      },
    };
    expect(await runFaked(['sweep', ...argv], { services })).toMatchObject({ code: 0, error: '' });
    return seen!;
  }

  test('every option of a profile, and axes that cross', async () => {
    const options = '--vary d=8,16 --vary seq=64..256:64 --causal --pass both --repeats 4 --time-budget 2';
    const { job, points } = await plannedBy('1,2,16,8', ...options.split(' '), '--tiling', 'bc=8');
    expect(job).toMatchObject({
      axes: [
        { name: 'seq', values: [64, 128, 192, 256] },
        { name: 'd', values: [8, 16] },
      ],
      ...{ passes: ['forward', 'backward'], repeats: 4, timeBudgetSeconds: 2, shard: null },
    });
    expect(points).toHaveLength(8);
    expect(points[0]).toMatchObject({
      id: 'seq=64 d=8',
      problem: { causal: 'bottom-right', seqLenQ: 64, seqLenKv: 64, headDimV: 8 },
      tiling: { bc: 8 },
    });
  });

  test.each<[string, RegExp]>([
    ['', /required option '--vary <name=values>' not specified: see attnprof sweep --help/],
    ['--vary len=8', /^attnprof: --vary: "len=8" varies nothing known: the names are b, h, /],
    ['--vary seq=8 --vary n=8', /--vary: seq is both lengths, so n cannot vary/],
    ['--vary d=8,512', /--vary: d=512: headDim is 512, at most 256/],
    ['--vary br=8 --tiling br=16', /--vary: br=8: br varies, so the tiling cannot give it as well/],
    ['--vary seq=8 --shard 0/4', /--shard 0\/4 is not possible: give --shard I\/N with I from 1 to N/],
    ['--vary seq=8 --shard auto', /finds neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX/],
    ['--vary seq=8 --algorithms flash9', /unknown algorithm "flash9"/],
  ])('%s is wrong use', async (options, right) => {
    const { code, out, error, asked } = await onFake(['1,2,16,8', ...options.split(' ').filter(Boolean)]);
    expect({ code, out, asked }).toEqual({ code: 2, out: '', asked: [] });
    expect(error).toMatch(/^attnprof: [^\n]+\n$/);
    expect(error).toMatch(right);
  });
});

describe('what is printed', () => {
  test('--json prints the document and nothing else', async () => {
    const { code, out, error } = await onFake([...base, '--json']);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(readBack(out).runs).toHaveLength(6);
  });

  test('a table for each algorithm, its numbers with their provenance, and the crossing in words', async () => {
    const { code, out } = await onFake(base, {
      // standard: 2 n^2 / 1000 ms; flash2 twice that at the smallest size, then half.
      outcome: (plan) => {
        const result = measured(plan);
        const slow = plan.algorithm === 'flash2' && plan.problem.seqLenQ === 16 ? 4 : 1;
        for (const name of ['medianMs', 'p25Ms', 'p75Ms'] as const) result.time![name] *= slow;
        return result;
      },
    });
    expect(code).toBe(0);
    expect(out).toContain('Sweep of attention forward over seq=16,32,64: smallest 1,2,16,8, f32, not causal');
    expect(out).toContain('on Fake GPU (discrete)');
    expect(out).toMatch(/^seq +time, median +p25 to p75 +bytes moved +memory, peak$/m);
    expect(out).toMatch(/^ +measured +measured +counted +exact$/m);
    expect(out).toMatch(/^ 64 +8\.19 ms +7\.37 ms to 9\.01 ms +- +64 B$/m);
    expect(out.replace(/\s+/g, ' ')).toContain(
      'flash2 is faster than standard from seq=32 on, up to 64: 2.00× at 64 (measured medians, quartiles apart).',
    );
    expect(out).not.toContain('Missing');
  });

  test('where standard no longer fits, and what is stopped', async () => {
    const { out } = await onFake(
      ['1,1,64,8', '--vary', 'seq=64,8192,16384', '-a', 'standard,flash2', '--time-budget', '1'],
      { outcome: (plan) => (plan.problem.seqLenQ > 8192 ? stopped(plan) : measured(plan)) },
    );
    const words = out.replace(/\s+/g, ' ');
    expect(words).toContain('standard ends at seq=64: at 8192 it no longer fits.');
    expect(words).toMatch(/skipped from seq=8192: .*maxStorageBufferBindingSize/);
    expect(words).toContain('stopped from seq=16384: The time budget of 1 s ended.');
    expect(words).toContain('flash2 is faster than standard at seq=64: 2.00× at 64 (measured medians');
    expect(out).toMatch(/^16384 +stopped +- +- /m);
  });

  test('an algorithm that can do none of it has one sentence', async () => {
    const { code, out } = await onFake([...base.slice(0, 3), '--cache-of', 'none']);
    expect(code).toBe(0);
    expect(out).toContain('block-sparse-flash skipped at every size: block-sparse-flash: it computes listed');
  });

  test('fits 100 columns, whatever varies', async () => {
    const axes = ['b=1,2', 'h=2,4', 'seq=16,32', 'd=4,8', 'br=4,8'];
    await fc.assert(
      fc.asyncProperty(fc.subarray(axes, { minLength: 1, maxLength: 3 }), async (some) => {
        const vary = some.flatMap((axis) => ['--vary', axis]);
        const { out } = await onFake(['1,2,16,8', ...vary, '-a', 'standard,flash2', '--pass', 'both']);
        for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
        expect(out).not.toMatch(/NaN|undefined|Infinity|missing/);
      }),
      { numRuns: 6 },
    );
  });
});

describe('-o', () => {
  test('has every run as soon as it ended, and is gone on with', async () => {
    const seen: number[] = [];
    const watching: FakeOptions = {
      outcome: (plan) => {
        seen.push(existsSync(file) ? kept().runs.length : 0);
        return measured(plan);
      },
    };
    const first = await onFake([...base, '-o', file], { ...watching, ...interrupted(3) });
    expect(first.code).toBe(130);
    expect(seen).toEqual([0, 1, 2]);
    expect(kept().runs).toHaveLength(3);
    const second = await onFake([...base, '-o', file], watching);
    expect(second).toMatchObject({ code: 0, error: '' });
    expect(second.asked).toHaveLength(3);
    expect(seen).toEqual([0, 1, 2, 3, 4, 5]);
    expect(second.out).toContain(`Written to ${file}`);
    const { createdAt: _, ...whole } = kept();
    const { createdAt: __, ...alone } = readBack((await onFake([...base, '--json'])).out);
    expect(whole).toEqual(alone);
    expect(readdirSync(folder)).toEqual(['a.attnprof.json']);
  });

  test('an interrupted sweep says what is missing', async () => {
    const { out } = await onFake([...base, '-o', file], interrupted(4));
    expect(out.replace(/\s+/g, ' ')).toContain(
      'Missing, 2 of the runs: standard at seq=64; flash2 at seq=64.',
    );
  });

  test('--fresh starts over', async () => {
    await onFake([...base, '-o', file]);
    expect((await onFake([...base, '-o', file])).asked).toEqual([]);
    expect((await onFake([...base, '-o', file, '--fresh'])).asked).toHaveLength(6);
  });

  test.each<[string, () => string, RegExp]>([
    [
      'a profile',
      () => writeDocument(sampleDocument()),
      /holds a result that is no sweep; choose another file/,
    ],
    ['no result', () => 'my thesis', /is not a valid Attention Profiler result/],
    ['an empty file', () => '', /is not a valid Attention Profiler result: it is empty/],
  ])('%s is never written over', async (_name, content, right) => {
    for (const more of [[], ['--fresh']]) {
      writeFileSync(file, content());
      const { code, out, error, asked } = await onFake([...base, '-o', file, ...more]);
      expect({ code, out, asked }).toEqual({ code: 2, out: '', asked: [] });
      expect(error).toMatch(right);
      expect(readFileSync(file, 'utf8')).toBe(content());
    }
  });

  test('another sweep is never written over, and the message tells the two apart', async () => {
    await onFake([...base, '-o', file]);
    const before = readFileSync(file, 'utf8');
    for (const more of [[], ['--fresh']]) {
      const { code, error } = await onFake([...base, '-o', file, '--repeats', '5', ...more]);
      expect(code).toBe(2);
      expect(error).toMatch(/another sweep: it takes samples 10, not 5; choose another file, or delete it/);
    }
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  test('another device is refused, and the file stays', async () => {
    await onFake([...base, '-o', file], interrupted(2));
    const before = readFileSync(file, 'utf8');
    const { code, out, error } = await onFake([...base, '-o', file], { description: { name: 'Other GPU' } });
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(error).toMatch(/begun on another device: it was Fake GPU, this is Other GPU/);
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  test('a failed run exits 1, names its place, and is tried again', async () => {
    const failing: FakeOptions = { outcome: (plan, call) => (call === 2 ? 'crash' : measured(plan)) };
    const { code, error } = await onFake([...base, '-o', file], failing);
    expect({ code, error }).toEqual({
      code: 1,
      error: 'attnprof: 1 of 6 runs failed: flash2 at seq=16: The GPU process ended.\n',
    });
    expect((await onFake([...base, '-o', file])).asked).toEqual([
      expect.stringMatching(/^flash2 forward n16/),
    ]);
  });

  test('a disk that is gone is told once, and the result is printed in the end', async () => {
    const gone: FakeOptions = {
      outcome: (plan, call) => {
        if (call === 2) rmSync(folder, { recursive: true });
        return measured(plan);
      },
    };
    const { code, out, error } = await onFake([...base, '-o', file], gone);
    expect(code).toBe(1);
    expect(readBack(out).runs).toHaveLength(6);
    expect(error.match(/; the sweep goes on\n/g)).toHaveLength(1);
    expect(error).toMatch(/the result was printed on standard output as JSON instead\n$/);
  });
});

describe('shards', () => {
  test('each has its own file, and merge makes the whole of them', async () => {
    const whole = readBack((await onFake([...base, '--json'])).out);
    const points: (string | undefined)[] = [];
    for (const index of ['0', '1']) {
      const slurm = { SLURM_ARRAY_TASK_ID: index, SLURM_ARRAY_TASK_COUNT: '2' };
      const array = { ...slurm, SLURM_ARRAY_TASK_MIN: '0', SLURM_ARRAY_TASK_MAX: '1' };
      const { code, out } = await onFake([...base, '-o', file, '--shard', 'auto'], {}, array);
      expect(code).toBe(0);
      expect(out).not.toMatch(/missing/i);
    }
    const names = readdirSync(folder).sort();
    expect(names).toEqual(['a.shard-1-of-2.attnprof.json', 'a.shard-2-of-2.attnprof.json']);
    for (const name of names) {
      const { runs } = readBack(readFileSync(join(folder, name), 'utf8'));
      points.push(...new Set(runs.map(({ point }) => point)));
    }
    expect(points.sort()).toEqual(['seq=16', 'seq=32', 'seq=64']);
    const merge = await runFaked(['merge', folder, '-o', file, '--json']);
    expect(merge).toMatchObject({ code: 0, error: '', hosts: { made: 0 } });
    const { createdAt: _, ...rest } = whole;
    expect(kept()).toMatchObject(rest);
    expect(merge.out).toBe(readFileSync(file, 'utf8'));
    // What was merged before lies beside the shards now, and changes nothing.
    expect((await runFaked(['merge', folder, '-o', file, '--json'])).out).toBe(merge.out);
    // The whole can be gone on with: nothing is left of it.
    expect((await onFake([...base, '-o', file])).asked).toEqual([]);
  });

  test('merge names what is missing', async () => {
    await onFake([...base, '-o', file, '--shard', '1/2']);
    const { code, out } = await runFaked(['merge', shardFile(file, { index: 1, count: 2 }), '-o', file]);
    expect(code).toBe(0);
    expect(out.replace(/\s+/g, ' ')).toMatch(
      /Missing, 4 of the runs: standard at seq=16; flash2 at seq=16; /,
    );
  });

  test.each<[string, () => string[], RegExp]>([
    ['no file', () => [], /no file is given: attnprof merge --help/],
    ['a file that is not there', () => [join(folder, 'none.json')], /there is no file ".*none\.json"/],
    ['an empty folder', () => [folder], /has no \*\.attnprof\.json/],
    [
      'what is no sweep',
      () => {
        const other = join(folder, 'b.attnprof.json');
        writeFileSync(other, writeDocument(sampleDocument()));
        return [other];
      },
      /b\.attnprof\.json" is no sweep: merge files that attnprof sweep wrote/,
    ],
  ])('merge refuses %s', async (_name, paths, right) => {
    const { code, out, error } = await runFaked(['merge', ...paths(), '-o', file]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).toMatch(right);
    expect(existsSync(file)).toBe(false);
  });

  test('merge writes over no other result', async () => {
    const part = join(folder, 'parts');
    mkdirSync(part);
    await onFake([...base, '-o', join(part, 'b.attnprof.json')]);
    const other = writeDocument(sampleDocument());
    writeFileSync(file, other);
    const { code, error } = await runFaked(['merge', part, '-o', file]);
    expect(code).toBe(2);
    expect(error).toMatch(/holds something else: choose another file/);
    expect(readFileSync(file, 'utf8')).toBe(other);
  });
});

describe('--shard', () => {
  const array = (id: number, first: number, last: number, step: number, count: number) => ({
    ...{ SLURM_ARRAY_TASK_ID: String(id), SLURM_ARRAY_TASK_COUNT: String(count) },
    ...{ SLURM_ARRAY_TASK_MIN: String(first), SLURM_ARRAY_TASK_MAX: String(last) },
    SLURM_ARRAY_TASK_STEP: String(step),
  });

  test('a job array that starts anywhere and goes in steps has each part once', () => {
    const size = fc.integer({ min: 1, max: 30 });
    fc.assert(
      fc.property(fc.nat(50), size, size, (first, step, count) => {
        const shards = Array.from({ length: count }, (_, index) =>
          readShard('auto', array(first + index * step, first, first + (count - 1) * step, step, count)),
        );
        expect(shards).toEqual(shards.map((_, index) => ({ index: index + 1, count })));
      }),
    );
  });

  test('an Indexed Job counts from 0, and is told how many', () => {
    expect(readShard('auto/4', { JOB_COMPLETION_INDEX: '0' })).toEqual({ index: 1, count: 4 });
    expect(readShard('auto/4', { JOB_COMPLETION_INDEX: '3' })).toEqual({ index: 4, count: 4 });
    expect(readShard('2/3', { JOB_COMPLETION_INDEX: '0' })).toEqual({ index: 2, count: 3 });
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ['auto', { JOB_COMPLETION_INDEX: '0' }, /does not say of how many: give --shard auto\/N/],
    ['auto/4', { JOB_COMPLETION_INDEX: '4' }, /--shard 5\/4 is not possible/],
    ['auto/4', { JOB_COMPLETION_INDEX: 'x' }, /JOB_COMPLETION_INDEX is "x", no whole number/],
    ['auto', { SLURM_ARRAY_TASK_ID: '0' }, /needs SLURM_ARRAY_TASK_COUNT, _MIN and _MAX/],
    ['auto', array(5, 2, 5, 1, 2), /the job array has gaps, 2 tasks from 2 to 5/],
    ['auto/3', array(0, 0, 1, 1, 2), /the job array has 2 tasks/],
    ['3', {}, /does not say of how many/],
    ['4/3', {}, /--shard 4\/3 is not possible/],
    ['1/0', {}, /has 0 parts/],
    ['1/99999', {}, /has 99999 parts: give from 1 to 10000/],
    ['1/2/3', {}, /not understood/],
    ['-1/2', {}, /not understood/],
  ])('%s in %j is refused', (text, environment, right) => {
    expect(() => readShard(text, environment)).toThrow(right);
  });

  test('names of files', () => {
    const shard = { index: 2, count: 4 };
    expect(shardFile('a.attnprof.json', shard)).toBe('a.shard-2-of-4.attnprof.json');
    expect(shardFile('x.y/a.json', shard)).toBe('x.y/a.shard-2-of-4.json');
    expect(shardFile('x.json/a', shard)).toBe('x.json/a.shard-2-of-4');
  });
});
