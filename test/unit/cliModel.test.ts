import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gpuTable } from '../../src/attention/devices/table.ts';
import { readDocument } from '../../src/profiler/document/read.ts';
import { runFaked } from './cliFakes.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'attnprof-model-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const shape = '1,8,512,64';

describe('attnprof model', () => {
  test('prints a table of at most 100 columns, starts no host, and names its provenances', async () => {
    const { code, out, error, hosts } = await runFaked([
      'model',
      shape,
      '--pass',
      'both',
      '--device',
      'h100',
    ]);
    expect({ code, error, hosts }).toEqual({ code: 0, error: '', hosts: { made: 0, disposed: 0 } });
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(out).toMatch(/on NVIDIA H100 SXM \(table\)/);
    expect(out).toMatch(/modelled +modelled +modelled +exact +modelled +exact/);
    expect(out).toMatch(/flash-attention-2 against pytorch-eager: .* \(modelled\)/);
    expect(out).toMatch(/Longest sequence in .* \(exact\)/);
    expect(out).toMatch(/inference +training +saved for backward\nstandard /);
    expect(out).toMatch(/assumptions, each with its range/);
  });

  test('--assumptions lists them', async () => {
    const { out } = await runFaked(['model', shape, '--assumptions', '--algorithms', 'flash2']);
    expect(out).toMatch(/assumed: rates of NVIDIA A100 .* are published peaks/);
  });

  test('--json is the document, and nothing else', async () => {
    const { code, out } = await runFaked(['model', shape, '--json', '--algorithms', 'standard,flash2']);
    const read = readDocument(out);
    expect({ code, ok: read.ok }).toEqual({ code: 0, ok: true });
    if (!read.ok) return;
    expect(read.value.devices[0]).toMatchObject({ id: 'a100-80gb-sxm', type: 'table', peaks: null });
    expect(read.value.problems[0]).toMatchObject({ dtype: 'f16' });
    expect(read.value.runs.map(({ engine }) => engine)).toContain('model');
  });

  test('--memory decides what fits', async () => {
    const { out } = await runFaked([
      'model',
      '1,32,16384,128',
      '--memory',
      '4',
      '--algorithms',
      'standard,flash2',
    ]);
    expect(out).toMatch(/Longest sequence in 4\.29 GB/);
  });

  test('-o keeps the document', async () => {
    const file = join(folder, 'm.attnprof.json');
    expect((await runFaked(['model', shape, '-o', file])).code).toBe(0);
    expect(readDocument(readFileSync(file, 'utf8')).ok).toBe(true);
  });

  test('a table of the user adds GPUs and changes values', async () => {
    const file = join(folder, 'gpus.json');
    const rows = [
      { id: 'my-gpu', bandwidthGBs: 1000, f32Tflops: 10, multiprocessors: 10, l2Bytes: 1_000_000 },
      { id: 'h100-sxm', bandwidthGBs: 1 },
    ];
    writeFileSync(file, JSON.stringify(rows));
    const mine = await runFaked(['model', shape, '--device', 'my-gpu', '--device-table', file]);
    expect(mine.out).toMatch(/on my-gpu \(table\)/);
    const listed = await runFaked(['devices', '--json', '--device-table', file]);
    const table = JSON.parse(listed.out) as { id: string; bandwidthGBs: number }[];
    expect(table).toHaveLength(gpuTable.length + 1);
    expect(table.find(({ id }) => id === 'h100-sxm')!.bandwidthGBs).toBe(1);
  });

  test.each([
    [['--device', 'gpu of dreams'], /--device: no device is called/],
    [['--implementations', 'flash-attention-9'], /unknown implementation "flash-attention-9"/],
    [
      ['--implementations', 'flash-attention-3', '--device', 'a100-80gb-sxm'],
      /FlashAttention-3 on NVIDIA A100/,
    ],
    [['--device-table', '/no/such/file.json'], /cannot be read/],
    [['--pass', 'sideways'], /unknown pass/],
    [['--memory', 'lots'], /--memory "lots" is not possible/],
    [['--memory', '0'], /--memory/],
  ])('wrong use: %j', async (options, message) => {
    const { code, out, error } = await runFaked(['model', shape, ...options]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).toMatch(message);
    expect(error.trimEnd()).not.toContain('\n');
  });

  test('a table that is no table is refused in one line', async () => {
    for (const text of ['{', '{}', '[1]', '[{"id":"x","bandwidthGBs":"fast"}]', '[{"id":"__proto__"}]']) {
      const file = join(folder, 'bad.json');
      writeFileSync(file, text);
      const { code, error } = await runFaked(['model', shape, '--device-table', file]);
      expect(code).toBe(2);
      expect(error).toMatch(/^attnprof: --device-table .+\n$/);
    }
  });
});

test('attnprof devices --table lists every GPU within 100 columns', async () => {
  const { code, out, hosts } = await runFaked(['devices', '--table']);
  expect({ code, made: hosts.made }).toEqual({ code: 0, made: 0 });
  for (const { id } of gpuTable) expect(out).toContain(`\n${id} `);
  expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
});
