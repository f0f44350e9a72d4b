import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildIfStale } from '../../../scripts/build/upToDate.ts';
import { adapter, attnprof } from '../cliProgram.ts';

const matmul = join(import.meta.dirname, '../../workspace/kernels/matmul.wgsl');

beforeAll(buildIfStale, 120_000);

test('the built program counts an example: as text with its lines, and as JSON', async () => {
  const text = await attnprof('count', matmul, '--adapter', adapter, '--repeats', '2');
  expect([text.code, text.error]).toEqual([0, '']);
  expect(text.out).toMatch(/42\.0 k +168 kB +28 \| +fromA = a\[row \* sizes\.inner/);
  const json = await attnprof('count', matmul, '--adapter', adapter, '--repeats', '2', '--json');
  const { status, traffic, time, device } = JSON.parse(json.out);
  expect([json.code, status, traffic.buffers.b.loads]).toEqual([0, 'ok', 70 * 90 * 7]);
  expect([time.samplesMs.length, time.issuedGBs > 0, device.peaks.bandwidthGBs > 0]).toEqual([2, true, true]);
}, 60_000);
