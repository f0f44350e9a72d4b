import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildIfStale } from '../../scripts/build/upToDate.ts';
import { readDocument } from '../../src/profiler/document/read.ts';
import type { ProfileDocument } from '../../src/profiler/document/schema.ts';
import { adapter, attnprof, start } from './cliProgram.ts';

let folder = '';
beforeAll(async () => {
  await buildIfStale();
  folder = mkdtempSync(join(tmpdir(), 'attnprof-sweep-'));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function documentIn(file: string): ProfileDocument {
  const read = readDocument(readFileSync(file, 'utf8'));
  if (!read.ok) throw new Error(read.error);
  return read.value;
}

/** What two runs of one sweep must agree in: everything but clocks and what follows from them. */
function withoutTimes({ devices, runs, createdAt: _, ...rest }: ProfileDocument) {
  return {
    ...rest,
    devices: devices.map((device) => ({ ...device, peaks: device.peaks && Object.keys(device.peaks) })),
    runs: runs.map(({ time, projection, ...run }) => ({
      ...run,
      time: time && Object.keys(time),
      projection: projection && Object.keys(projection),
    })),
  };
}

test('killed after its first run and started again, a sweep comes to what it would have come to', async () => {
  const args = [
    ...['sweep', '1,2,64,32', '--vary', 'seq=96,160', '--algorithms', 'standard,flash2'],
    ...['--adapter', adapter, '--repeats', '3', '-o'],
  ];
  const whole = join(folder, 'whole.attnprof.json');
  const parts = join(folder, 'parts.attnprof.json');
  expect(await attnprof(...args, whole)).toMatchObject({ code: 0, error: '' });

  const child = start([...args, parts]);
  const ended = new Promise((resolve) => child.on('exit', resolve));
  while (!existsSync(parts) && child.exitCode === null) await delay(2);
  child.kill('SIGKILL');
  await ended;
  const before = documentIn(parts);
  expect(before.runs.length).toBeGreaterThan(0);
  expect(before.runs.length).toBeLessThan(4);

  expect(await attnprof(...args, parts)).toMatchObject({ code: 0, error: '' });
  const after = documentIn(parts);
  expect(withoutTimes(after)).toEqual(withoutTimes(documentIn(whole)));
  // What was measured before the kill was not measured again.
  expect(after.runs[0]!.time).toEqual(before.runs[0]!.time);
  for (const { status, traffic } of after.runs) {
    expect(status).toBe('ok');
    expect(traffic.counted!.buffers).toEqual(traffic.exact!.buffers);
  }
}, 120_000);
