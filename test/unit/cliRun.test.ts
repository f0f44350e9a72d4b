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
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { guaranteedLimits } from '../../src/attention/limits.ts';
import type { Services } from '../../src/cli/services.ts';
import { decodeNpy, encodeNpy } from '../../src/host/npy.ts';
import { readTensor, writeTensor } from '../../src/host/runFolder.ts';
import type { FileRunRequest } from '../../src/profiler/runFiles.ts';
import { runFaked } from './cliFakes.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'attnprof-cli-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);

function save(name: string, shape: number[], dtype: 'f32' | 'f16' = 'f32', value = 0.5): string {
  const elements = shape.reduce((product, size) => product * size, 1);
  const values = Float32Array.from({ length: elements }, (_, index) => value + (index % 8));
  writeFileSync(at(name), encodeNpy({ dtype, shape, values }));
  return at(name);
}

/** A file that is no array. */
function write(name: string): string {
  writeFileSync(at(name), 'hello');
  return at(name);
}

function tensors(dtype: 'f32' | 'f16' = 'f32'): string[] {
  return [
    ...['--q', save('q.npy', [1, 4, 3, 8], dtype), '--k', save('k.npy', [1, 2, 5, 8], dtype)],
    ...['--v', save('v.npy', [1, 2, 5, 6], dtype), '--algorithm', 'flash2', '--out', at('out')],
  ];
}

const device = {
  ...{ id: 'x', name: 'Fake GPU', vendor: '', architecture: '', driver: null, backend: null },
  ...{ type: 'unknown' as const, features: [], limits: guaranteedLimits, peaks: null },
};
const error = {
  reference: 'float64' as const,
  rows: 12,
  of: 12,
  relativeL2: 1e-7,
  maxAbs: 2e-7,
  nonFinite: 0,
};

/** Stands for the GPU: writes outputs of the right size, filled with their own length. */
function runner(seen: FileRunRequest[], folders: Map<string, Float32Array | null>[] = []) {
  return async (request: FileRunRequest) => {
    seen.push(request);
    const { folder, inputs } = request.files;
    folders.push(new Map(inputs.map((name) => [name, readTensor(folder, name)])));
    writeTensor(folder, 'o', new Float32Array(4 * 3 * 6).fill(1.5));
    writeTensor(folder, 'lse', new Float32Array(4 * 3).fill(-1));
    const memory = { peakBytes: 1, harnessPeakBytes: 1, buffers: [] };
    const measurement = { status: 'ok' as const, time: null, partial: null, counts: null, memory };
    const rest = { tiling: null, cost: null, bound: null, counted: null };
    const result = { algorithm: 'flash2', pass: 'forward' as const, status: 'ok' as const, ...rest };
    return { device, results: [{ ...result, measurement: { ...measurement, errors: { o: error } } }] };
  };
}

describe('run', () => {
  test('hands the tensors over, keeps what comes back, and removes its own folder', async () => {
    const seen: FileRunRequest[] = [];
    const folders: Map<string, Float32Array | null>[] = [];
    const services: Partial<Services> = { runOnFiles: runner(seen, folders) };
    const options = ['--causal', '--window', '2,-', '--adapter', 'embedded', '--tiling', 'br=8', '--json'];
    const result = await runFaked(['run', ...tensors(), ...options], { services });
    expect({ code: result.code, error: result.error }).toEqual({ code: 0, error: '' });
    expect(result.hosts).toEqual({ made: 1, disposed: 1 });
    expect(seen[0]).toMatchObject({
      row: { id: 'flash2' },
      problem: {
        ...{ batch: 1, heads: 4, kvHeads: 2, seqLenQ: 3, seqLenKv: 5, headDim: 8, headDimV: 6 },
        ...{ dtype: 'f32', causal: 'bottom-right', window: { left: 2, right: null } },
      },
      ...{ passes: ['forward'], adapter: 'embedded', tiling: { br: 8 } },
    });
    expect([...folders[0]!].map(([name, values]) => [name, values!.length])).toEqual([
      ['q', 96],
      ['k', 80],
      ['v', 60],
    ]);
    expect(folders[0]!.get('q')!.subarray(0, 3)).toEqual(Float32Array.of(0.5, 1.5, 2.5));
    expect(existsSync(seen[0]!.files.folder)).toBe(false);
    expect(readdirSync(at('out')).sort()).toEqual(['lse.npy', 'o.npy']);
    expect(decodeNpy(readFileSync(at('out/o.npy')))).toMatchObject({
      ok: true,
      value: { dtype: 'f32', shape: [1, 4, 3, 6] },
    });
    expect(JSON.parse(result.out)).toMatchObject({
      ...{ algorithm: 'flash2', adapter: 'Fake GPU' },
      problem: { headDimV: 6, window: [2, null] },
      outputs: [
        { name: 'o', file: at('out/o.npy'), shape: [1, 4, 3, 6], dtype: 'f32', error },
        { name: 'lse', shape: [1, 4, 3], error: null },
      ],
    });
  });

  test('f16 files are stored as f16, and so is the output', async () => {
    const seen: FileRunRequest[] = [];
    const { code, out } = await runFaked(['run', ...tensors('f16')], {
      services: { runOnFiles: runner(seen) },
    });
    expect(code).toBe(0);
    expect(seen[0]!.problem.dtype).toBe('f16');
    expect(out).toMatch(/^flash2 on your tensors: stored as f16, not causal$/m);
    expect(out).toMatch(/^o +\(1, 4, 3, 6\) +1\.00e-7 +2\.00e-7 +12 of 12$/m);
    for (const [name, dtype] of [
      ['o', 'f16'],
      ['lse', 'f32'],
    ]) {
      expect(decodeNpy(readFileSync(at(`out/${name}.npy`)))).toMatchObject({ ok: true, value: { dtype } });
    }
  });

  test('a bias of its own', async () => {
    const seen: FileRunRequest[] = [];
    const bias = save('bias.npy', [1, 4, 3, 5]);
    const argv = ['run', ...tensors(), '--bias', bias];
    expect((await runFaked(argv, { services: { runOnFiles: runner(seen) } })).code).toBe(0);
    expect(seen[0]!.problem.bias).toEqual({ batch: 1, heads: 4 });
    expect(seen[0]!.files.inputs).toContain('bias');
  });

  test('a run that fails exits 1 with its reason, and its folder is gone', async () => {
    const seen: FileRunRequest[] = [];
    const services: Partial<Services> = {
      runOnFiles: async (request) => {
        const { results } = await runner(seen)(request);
        return { device, results: [{ ...results[0]!, status: 'failed', reason: 'The device was lost.' }] };
      },
    };
    const { code, error } = await runFaked(['run', ...tensors()], { services });
    expect(code).toBe(1);
    expect(error).toBe('attnprof: flash2 failed: The device was lost.\n');
    expect(existsSync(seen[0]!.files.folder)).toBe(false);
  });
});

describe('wrong use is found before anything starts', () => {
  const cases: [string, () => string[], RegExp][] = [
    [
      'no tensors',
      () => ['--algorithm', 'flash2'],
      /required option '--q <file>' not specified: see attnprof run/,
    ],
    ['no such file', () => ['--q', at('no.npy')], /--q ".*no\.npy": there is no such file/],
    ['a folder', () => ['--q', folder], /it is no file/],
    ['no .npy', () => ['--q', write('x.npy')], /it is not a \.npy file/],
    ['three dimensions', () => ['--q', save('x.npy', [4, 3, 8])], /--q is \(4, 3, 8\): give \(B, H, N, D\)/],
    ['nothing in it', () => ['--q', save('x.npy', [1, 4, 0, 8])], /nothing of it empty/],
    ['another head dim', () => ['--k', save('x.npy', [1, 2, 5, 4])], /batch and head dim must agree/],
    ['other keys', () => ['--v', save('x.npy', [1, 2, 4, 6])], /--v is .* must be \(1, 2, 5, 6\), for --k/],
    ['kv heads', () => ['--k', save('x.npy', [1, 3, 5, 8]), '--v', save('y.npy', [1, 3, 5, 6])], /divisible/],
    [
      'another dout',
      () => ['--dout', save('x.npy', [1, 4, 3, 8])],
      /--dout is .* \(1, 4, 3, 6\), as the output/,
    ],
    ['NaN', () => ['--q', save('x.npy', [1, 4, 3, 8], 'f32', Number.NaN)], /it has NaN at \(0, 0, 0, 0\)/],
    ['a bias of other sizes', () => ['--bias', save('x.npy', [1, 4, 3, 3])], /--bias is .* \(1, 4, 3, 5\)/],
    ['a bias of other heads', () => ['--bias', save('x.npy', [1, 2, 3, 5])], /bias has 2 heads: 1 or 4/],
    ['two algorithms', () => ['--algorithm', 'flash2,standard'], /give one algorithm/],
    ['a type that is none', () => ['--dtype', 'f64'], /unknown dtype "f64"/],
    ['lengths', () => ['--lengths', '6'], /between 0 and the key length 5/],
    ['what it cannot do', () => ['--block-mask', 'butterfly'], /flash2: block masks/],
    ['--out that is a file', () => ['--out', write('f')], /a file in its place/],
    ['--out below a file', () => ['--out', join(write('f'), 'out')], /a file in its place/],
  ];

  test.each(cases)('%s', async (name, given, right) => {
    mkdirSync(at('unused'));
    const argv = name === 'no tensors' ? given() : [...tensors(), ...given()];
    const { code, out, error, hosts } = await runFaked(['run', ...argv]);
    expect({ code, out, made: hosts.made }).toEqual({ code: 2, out: '', made: 0 });
    expect(error).toMatch(/^attnprof: \P{Cc}+\n$/u);
    expect(error).toMatch(right);
  });
});
