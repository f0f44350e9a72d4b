import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildIfStale } from '../../scripts/build/upToDate.ts';
import { readDocument } from '../../src/profiler/document/read.ts';
import type { ProfileDocument } from '../../src/profiler/document/schema.ts';
import { adapter, attnprof, outcomeOf, start } from './cliProgram.ts';
import { eventually, isRunning } from './host/processes.ts';

let folder = '';
beforeAll(async () => {
  await buildIfStale();
  folder = mkdtempSync(join(tmpdir(), 'attnprof-cli-'));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function documentOf(text: string): ProfileDocument {
  const read = readDocument(text);
  if (!read.ok) throw new Error(read.error);
  return read.value;
}

/** Both ran, near float64, counted as computed, and only the standard kernel keeps a score matrix. */
function expectSound(document: ProfileDocument): void {
  expect(document.runs.map(({ algorithm, status }) => [algorithm, status])).toEqual([
    ['standard', 'ok'],
    ['flash2', 'ok'],
  ]);
  for (const { algorithm, errors, traffic, memory } of document.runs) {
    expect(errors.o!.relativeL2).toBeLessThan(1e-5);
    expect(errors.o!.nonFinite).toBe(0);
    expect(traffic.counted!.buffers).toEqual(traffic.exact!.buffers);
    expect(Object.keys(traffic.counted!.buffers)).toEqual(expect.arrayContaining(['q', 'k', 'v', 'o']));
    const { seqLenQ, seqLenKv } = document.problems[0]!;
    const quadratic = memory!.buffers.filter(({ bytes }) => Number(bytes) >= seqLenQ * seqLenKv * 4);
    if (algorithm === 'standard') expect(quadratic).not.toEqual([]);
    else expect(quadratic.map(({ name }) => name).filter((name) => !'qkvo'.includes(name))).toEqual([]);
  }
}

describe('profile', () => {
  test('standard beside flash2, printed and kept', async () => {
    const file = join(folder, 'result.attnprof.json');
    const args = [
      '1,8,512,64',
      '--algorithms',
      'standard,flash2',
      '--adapter',
      adapter,
      '--json',
      '-o',
      file,
    ];
    const { code, out, error, seconds } = await attnprof('profile', ...args);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    const document = documentOf(out);
    expectSound(document);
    expect(seconds).toBeLessThan(60);
    expect(readFileSync(file, 'utf8')).toBe(out);
    for (const { time } of document.runs) expect(time!.samplesMs.length).toBeGreaterThan(1);
  }, 90_000);

  test('grouped, causal, with lengths that no tile divides', async () => {
    const shape = 'b=1 h=8 kv=2 n=333 m=517 d=80';
    const { code, out, error } = await attnprof(
      ...['profile', shape, '--causal', '--algorithms', 'standard,flash2', '--json'],
    );
    expect({ code, error }).toEqual({ code: 0, error: '' });
    const document = documentOf(out);
    expect(document.problems[0]).toMatchObject({ kvHeads: 2, seqLenKv: 517, causal: 'bottom-right' });
    expectSound(document);
  }, 90_000);

  test('what does not fit is skipped, with the bytes needed and the limit met', async () => {
    const { code, out, error, seconds } = await attnprof(
      'profile',
      '1,64,65536,64',
      '--algorithms',
      'standard',
      '--json',
    );
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(seconds).toBeLessThan(10);
    const [run] = documentOf(out).runs;
    expect(run).toMatchObject({ status: 'skipped', time: null });
    // One head's scores: 65536 x 65536 f32.
    expect(run!.reason).toMatch(/17\.2 GB|17[,.]?179[,.]?869[,.]?184/);
    expect(run!.reason).toMatch(/max(StorageBufferBindingSize|BufferSize)|limit/i);
  }, 30_000);

  test('past its time budget a run stops, keeps what it has, and says how long the whole would take', async () => {
    const args = [
      '1,16,16384,64',
      '--algorithms',
      'flash2',
      '--adapter',
      adapter,
      '--time-budget',
      '10',
      '--json',
    ];
    const { code, out, error, seconds } = await attnprof('profile', ...args);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(seconds).toBeLessThan(40);
    const [run] = documentOf(out).runs;
    expect(run!.status).toBe('stopped');
    const kept = (run!.partial?.slicesMs.length ?? 0) + (run!.time?.samplesMs.length ?? 0);
    expect(kept).toBeGreaterThan(0);
    expect(run!.reason).toMatch(/\d+ (s|min|h)\b/);
  }, 60_000);

  test('an interrupt ends it with 130 and leaves no process behind', async () => {
    const child = start(['profile', '1,16,16384,64', '--algorithms', 'flash2', '--adapter', adapter]);
    const outcome = outcomeOf(child);
    let children: number[] = [];
    while (children.length === 0 && child.exitCode === null) {
      await delay(100);
      children = childrenOf(child.pid!);
    }
    // Far enough for the GPU process to be at work.
    await delay(1500);
    child.kill('SIGINT');
    expect(await outcome).toMatchObject({ code: 130, out: '', error: '' });
    expect(children.length).toBeGreaterThan(0);
    expect(await eventually(() => !children.some(isRunning), 5000)).toBe(true);
  }, 40_000);
});

test('verify holds the algorithms that it is given to float64', async () => {
  const { code, out, error } = await attnprof(
    ...['verify', '--algorithms', 'standard,flash2', '--adapter', adapter, '--cases', '4'],
    ...['--seed', '0', '--json'],
  );
  expect({ code, error }).toEqual({ code: 0, error: '' });
  const report = JSON.parse(out);
  expect(report).toMatchObject({ seed: 0, passed: report.cases.length, failed: 0 });
  const verified = new Set(report.cases.map(({ algorithm }: { algorithm: string }) => algorithm));
  expect([...verified].sort()).toEqual(['flash2', 'standard']);
  for (const { error, bound, ok } of report.cases) expect(ok && error <= bound).toBe(true);
}, 90_000);

describe('devices', () => {
  test('lists the adapter that the tests use', async () => {
    const { code, out, error } = await attnprof('devices', '--json');
    expect({ code, error }).toEqual({ code: 0, error: '' });
    const available = JSON.parse(out).filter((device: { available: boolean }) => device.available);
    expect(available.length).toBeGreaterThan(0);
    for (const { name, limits } of available) {
      expect(name).not.toBe('');
      expect(limits.maxStorageBufferBindingSize).toBeGreaterThanOrEqual(134_217_728);
    }
  }, 60_000);

  test('a reader that has gone is no error', async () => {
    const child = start(['devices', '--json']);
    child.stdout!.destroy();
    let error = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      error += text;
    });
    const code = await new Promise((resolve) => child.on('exit', resolve));
    expect({ code, error }).toEqual({ code: 0, error: '' });
  }, 60_000);
});

test.each([
  ['profile 1,8,x,64', /sequence length is not a whole number, "x": give B,H,N,D/],
  ['profile 1,8,0,64', /sequence length must be at least 1/],
  ['profile -1,8,512,64', /batch must be at least 1, not "-1"/],
  ['profile 8,512,64', /four sizes/],
  ['profile b=1 h=8 kv=3 n=4 d=4', /heads \(8\) must be divisible by kv heads \(3\)/],
  ['profile 1,8,512,64 --algorithms flash9', /the algorithms are standard, .*or all/],
  ['profiel 1,8,512,64', /the commands are profile, sweep, merge, model, run/],
])('attnprof %s is wrong use', async (line, right) => {
  const { code, out, error, seconds } = await attnprof(...line.split(' '));
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(error).toMatch(/^attnprof: [^\n]+\n$/);
  expect(error).toMatch(right);
  expect(seconds).toBeLessThan(5);
});

/** Processes whose parent is `pid`: from /proc, and from ps where there is no such folder. */
function childrenOf(pid: number): number[] {
  if (process.platform !== 'linux') {
    const rows = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
    return rows.flatMap((row) => {
      const [child, parent] = row.trim().split(/\s+/).map(Number);
      return parent === pid ? [child!] : [];
    });
  }
  return globSync('/proc/[0-9]*/stat').flatMap((file) => {
    try {
      // "pid (name) state ppid ...": the name may hold spaces and brackets.
      const stat = readFileSync(file, 'utf8');
      const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return Number(parent) === pid ? [Number(stat.split(' ')[0])] : [];
    } catch {
      return [];
    }
  });
}
