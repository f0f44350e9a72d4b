import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guaranteedLimits } from '../../src/attention/limits.ts';
import type { Services } from '../../src/cli/services.ts';
import { encodeNpy } from '../../src/host/npy.ts';
import type { Measurement } from '../../src/host/protocol.ts';
import { readTensor } from '../../src/host/runFolder.ts';
import { kernelCountOf } from '../../src/profiler/kernelCount.ts';
import { runFaked } from './cliFakes.ts';

const wgsl = `@group(0) @binding(0) var<storage> q: array<f32>;
@group(0) @binding(1) var<storage, read_write> o: array<f32>;
@compute @workgroup_size(4) fn main(@builtin(global_invocation_id) id: vec3u) {
  o[id.x] = q[id.x] + q[0]; // \u001b[31m tab\there
}
`;
const manifest = { bindings: { q: { length: 8 }, o: { length: 8 } }, dispatch: [2] };

let folder: string;
const path = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'count-'));
  writeFileSync(path('copy.wgsl'), wgsl);
  writeFileSync(path('copy.wgslprof.json'), JSON.stringify(manifest));
  writeFileSync(path('alone.wgsl'), wgsl);
  const values = Float32Array.from({ length: 8 }, (_, index) => index);
  writeFileSync(path('q.npy'), encodeNpy({ dtype: 'f32', shape: [8], values }));
  writeFileSync(path('short.npy'), encodeNpy({ dtype: 'f32', shape: [4], values: values.subarray(4) }));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const device = {
  ...{ id: 'fake', name: 'Fake GPU', vendor: '', architecture: '', driver: null, backend: null },
  type: 'discrete' as const,
  features: [],
  limits: guaranteedLimits,
  peaks: { provenance: 'measured' as const, bandwidthGBs: 2, f32Gflops: null, f16Gflops: null },
};

const past53 = 2n ** 53n + 1n;

/** Counts as a device might: the order of sites is that of the rewrite. */
function counting(change: Partial<Measurement> = {}): Pick<Services, 'countKernel'> {
  return {
    countKernel: async ({ prepared, name }) => {
      const counts = prepared.module.counting.sites.map(({ kind }, site) => ({
        ...{ stage: 'kernel', module: prepared.module.id, site },
        count: String(kind === 'store' ? past53 : 8),
      }));
      const time = {
        ...{ medianMs: 2, p25Ms: 1, p75Ms: 3, wallMedianMs: 4, samplesMs: [1, 2, 3], stages: [] },
        clock: 'timestamp-query' as const,
      };
      const memory = { peakBytes: 64, harnessPeakBytes: 0, buffers: [] };
      const measured = {
        status: 'ok' as const,
        time,
        partial: null,
        counts,
        errors: null,
        memory,
        ...change,
      };
      return kernelCountOf(name, prepared, device, measured);
    },
  };
}

describe('attnprof count', () => {
  test('prints every line of the source with what it accessed, then buffers, time and bandwidth', async () => {
    const { code, out, error } = await runFaked(['count', path('copy.wgsl')], { services: counting() });
    expect([code, error]).toEqual([0, '']);
    const lines = out.split('\n');
    expect(lines[0]).toBe('copy.wgsl: main, 2 x 1 x 1 workgroups of 4 x 1 x 1 invocations');
    expect(lines.find((line) => line.includes('4 |'))).toMatch(
      /^ *16 +9\.01 P +36\.0 PB +4 \| {3}o\[id\.x\] = q\[id\.x\] \+ q\[0\]; \/\/ {2}\[31m tab {4}here$/,
    );
    expect(out).toMatch(/q +array<f32> +32 B +16 +0 +64 B +0 B/);
    expect(out).toMatch(/2\.00 ms measured \(p25 1\.00 ms to p75 3\.00 ms, 3 samples\)/);
    expect(out).toMatch(/issued \(counted bytes over measured time\)/);
    expect(out).not.toContain('\u001b');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  test('--json is one value: counts past 2^53 as text, every number with its provenance', async () => {
    const { code, out } = await runFaked(['count', path('copy.wgsl'), '--json'], { services: counting() });
    const value = JSON.parse(out);
    expect(code).toBe(0);
    expect(value).toMatchObject({
      format: 'attnprof-kernel',
      kernel: 'copy.wgsl',
      dispatch: [2, 1, 1],
      status: 'ok',
    });
    expect(value.traffic).toMatchObject({ provenance: 'counted', loads: 16, stores: String(past53) });
    expect(value.traffic.lines).toHaveLength(1);
    expect(value.traffic.lines[0].sites).toHaveLength(3);
    expect(value.time).toMatchObject({ provenance: 'measured', medianMs: 2, samplesMs: [1, 2, 3] });
  });

  test('--example prints a manifest that the next call takes', async () => {
    const { code, out } = await runFaked(['count', path('alone.wgsl'), '--example']);
    expect(code).toBe(0);
    writeFileSync(path('other.json'), out);
    const again = await runFaked(['count', path('alone.wgsl'), '--manifest', path('other.json')], {
      services: counting(),
    });
    expect([again.code, again.error]).toEqual([0, '']);
  });

  test('.npy files lie beside the manifest, and the GPU process finds them in a folder that is gone afterwards', async () => {
    const bindings = { q: { length: 8, init: { file: 'q.npy' } }, o: { length: 8 } };
    writeFileSync(path('files.json'), JSON.stringify({ ...manifest, bindings }));
    let runFolder = '';
    const { countKernel } = counting();
    const { code, error } = await runFaked(['count', path('copy.wgsl'), '--manifest', path('files.json')], {
      services: {
        countKernel: async (request, ...rest) => {
          runFolder = request.files!.folder;
          expect(request.files!.inputs).toEqual(['q']);
          expect([...readTensor(runFolder, 'q')!]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
          return countKernel(request, ...rest);
        },
      },
    });
    expect([code, error]).toEqual([0, '']);
    expect(() => readFileSync(runFolder)).toThrow(/ENOENT/);
  });

  test('a kernel that failed on the device is exit 1, with what there is', async () => {
    const services = counting({ status: 'failed', reason: 'it did not end', counts: null, time: null });
    const { code, out, error } = await runFaked(['count', path('copy.wgsl')], { services });
    expect(code).toBe(1);
    expect(out).toMatch(/failed: it did not end/);
    expect(error).toMatch(/^attnprof: .*copy\.wgsl failed: it did not end\n$/);
  });

  const wrong: [string, string[], string | null, RegExp][] = [
    ['no kernel', [], null, /no kernel is given/],
    ['a kernel that is not there', ['none.wgsl'], null, /none\.wgsl" does not exist/],
    [
      'no manifest',
      ['alone.wgsl'],
      null,
      /no ".*alone\.wgslprof\.json" beside the kernel.*--example" prints .*"q":\{"length":4096/,
    ],
    [
      'a manifest that is no JSON',
      ['copy.wgsl', '--manifest', 'bad.json'],
      '{',
      /bad\.json: The manifest cannot be used: it is no JSON/,
    ],
    [
      'a length that is missing',
      ['copy.wgsl', '--manifest', 'bad.json'],
      '{"dispatch":1}',
      /bad\.json: q: give its "length"/,
    ],
    [
      'a file that is too short',
      ['copy.wgsl', '--manifest', 'bad.json'],
      npy('short.npy'),
      /q: "short\.npy" holds 16 bytes, but the buffer has 32/,
    ],
    [
      'a file that is not there',
      ['copy.wgsl', '--manifest', 'bad.json'],
      npy('gone.npy'),
      /q: "gone\.npy" does not exist/,
    ],
    [
      'a file outside',
      ['copy.wgsl', '--manifest', 'bad.json'],
      npy(`x/../../${'x'}.npy`),
      /does not exist|not in the manifest's folder/,
    ],
    ['no repeats', ['copy.wgsl', '--repeats', '0'], null, /--repeats "0" is not possible/],
    ['a budget of nothing', ['copy.wgsl', '--time-budget', '0'], null, /--time-budget "0"/],
  ];
  test.each(wrong)('%s is wrong use, in one line', async (_, args, json, message) => {
    if (json !== null) writeFileSync(path('bad.json'), json);
    const full = args.map((argument) => (/\.(wgsl|json)$/.test(argument) ? path(argument) : argument));
    const { code, out, error } = await runFaked(['count', ...full], { services: counting() });
    expect([code, out]).toEqual([2, '']);
    expect(error).toMatch(message);
    expect(error.match(/\n/g)).toHaveLength(1);
  });

  test('what is wrong in the kernel is named by file, line and column', async () => {
    writeFileSync(path('broken.wgsl'), '@compute @workgroup_size(1)\nfn main() { let = 1; }\n');
    writeFileSync(path('broken.wgslprof.json'), '{"dispatch":1}');
    const { code, error } = await runFaked(['count', path('broken.wgsl')]);
    expect(code).toBe(2);
    expect(error).toMatch(/^attnprof: .*broken\.wgsl:2:\d+: .*does not parse/);
  });
});

function npy(file: string): string {
  return JSON.stringify({ ...manifest, bindings: { q: { length: 8, init: { file } }, o: { length: 8 } } });
}
