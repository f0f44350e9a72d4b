import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildIfStale } from '../../scripts/build/upToDate.ts';
import { catalogue, findAlgorithm } from '../../src/attention/catalogue.ts';
import { fillNormals } from '../../src/attention/random/stream.ts';
import { decodeNpy, encodeNpy, type NpyArray } from '../../src/host/npy.ts';
import { readDocument } from '../../src/profiler/document/read.ts';
import { adapter, attnprof } from './cliProgram.ts';

let folder = '';
beforeAll(async () => {
  await buildIfStale();
  folder = mkdtempSync(join(tmpdir(), 'attnprof-cli-'));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Largest relative L2 error that an f32 kernel of sound arithmetic has on these sizes. */
const f32Bound = 1e-5;

describe('profile', () => {
  test('all algorithms, both passes and many options in one document; the rest is skipped with its reason', async () => {
    const options = '--window 20,10 --bias --alibi --softcap 20 --sinks --dropout 0.1 --repeats 1 --seed 3';
    const args = ['b=2 h=4 kv=2 n=37 m=53 d=20 dv=12', '--pass', 'both', '--lengths', '53,17'];
    const { code, out, error } = await attnprof(
      ...['profile', ...args, ...options.split(' '), '--adapter', adapter, '--json'],
    );
    expect({ code, error }).toEqual({ code: 0, error: '' });
    const read = readDocument(out);
    if (!read.ok) throw new Error(read.error);
    const { runs, problems } = read.value;
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({
      ...{ window: [20, 10], lengths: [53, 17], bias: '1x4', alibi: true, softcap: 20, sinks: true },
      ...{ dropout: 0.1, seed: 3 },
    });
    expect(runs.map(({ algorithm, pass }) => `${algorithm} ${pass}`)).toEqual(
      catalogue.flatMap(({ id }) => [`${id} forward`, `${id} backward`]),
    );
    for (const { status, reason, errors, traffic, pass, algorithm } of runs) {
      if (status === 'skipped') {
        expect(reason).toBeTruthy();
        continue;
      }
      expect({ status, reason }).toEqual({ status: 'ok', reason: undefined });
      expect(traffic.counted!.buffers).toEqual(traffic.exact!.buffers);
      for (const output of pass === 'forward' ? ['o'] : ['dq', 'dk', 'dv']) {
        const bound = findAlgorithm(algorithm)!.errorBound?.f32 ?? f32Bound;
        expect(errors[output]!.relativeL2).toBeLessThan(bound);
      }
    }
    expect(runs.filter(({ status }) => status === 'ok').length).toBeGreaterThan(1);
  }, 120_000);

  test('16-bit storage halves what is moved, and has the error of its type', async () => {
    const bytes: Record<string, number> = {};
    for (const dtype of ['f32', 'f16', 'bf16']) {
      const { code, out } = await attnprof(
        ...['profile', '1,2,64,32', '--algorithms', 'flash2', '--dtype', dtype, '--repeats', '1'],
        ...['--adapter', adapter, '--json'],
      );
      expect(code).toBe(0);
      const { traffic, errors } = JSON.parse(out).runs[0];
      bytes[dtype] = traffic.bound.readBytes + traffic.bound.writeBytes;
      expect(errors.o.relativeL2).toBeLessThan({ f32: f32Bound, f16: 1e-3, bf16: 8e-3 }[dtype]!);
    }
    expect(bytes.f16).toBe(bytes.f32! / 2);
    expect(bytes.bf16).toBe(bytes.f32! / 2);
  }, 90_000);
});

describe('run', () => {
  const sizes = { q: [1, 2, 9, 8], k: [1, 1, 13, 8], v: [1, 1, 13, 4], dout: [1, 2, 9, 4] } as const;
  const arrays: Record<string, NpyArray> = {};
  for (const [stream, [name, shape]] of Object.entries(sizes).entries()) {
    const values = new Float32Array(shape.reduce((product: number, size) => product * size, 1));
    fillNormals(values, { seed: 11, stream });
    arrays[name] = { dtype: 'f32', shape: [...shape], values };
  }

  /** Attention from its definition, causal to the bottom right, heads grouped on one kv head. */
  function attention(): Float64Array {
    const [q, k, v] = [arrays.q!.values, arrays.k!.values, arrays.v!.values];
    const o = new Float64Array(2 * 9 * 4);
    for (let row = 0; row < 18; row++) {
      const keys = (row % 9) + 1 + (13 - 9);
      const weights = Array.from({ length: keys }, (_, key) => {
        let dot = 0;
        for (let c = 0; c < 8; c++) dot += q[row * 8 + c]! * k[key * 8 + c]!;
        return Math.exp(dot / Math.sqrt(8));
      });
      const total = weights.reduce((a, b) => a + b);
      for (let c = 0; c < 4; c++) {
        o[row * 4 + c] = weights.reduce((sum, weight, key) => sum + (weight / total) * v[key * 4 + c]!, 0);
      }
    }
    return o;
  }

  function save(name: string): string {
    const file = join(folder, `${name}.npy`);
    writeFileSync(file, encodeNpy(arrays[name]!));
    return file;
  }

  function load(name: string): NpyArray {
    const decoded = decodeNpy(readFileSync(join(folder, 'out', `${name}.npy`)));
    if (!decoded.ok) throw new Error(decoded.error);
    return decoded.value;
  }

  test('computes what the files hold, forward and backward', async () => {
    const files = (['q', 'k', 'v', 'dout'] as const).flatMap((name) => [`--${name}`, save(name)]);
    const { code, out, error } = await attnprof(
      ...['run', ...files, '--algorithm', 'flash2', '--causal', '--adapter', adapter],
      ...['--out', join(folder, 'out'), '--json'],
    );
    expect({ code, error }).toEqual({ code: 0, error: '' });
    const { outputs } = JSON.parse(out);
    expect(outputs.map(({ name }: { name: string }) => name)).toEqual(['o', 'lse', 'dq', 'dk', 'dv']);
    for (const output of outputs) expect(output.error.relativeL2).toBeLessThan(f32Bound);
    const o = load('o');
    expect(o.shape).toEqual([1, 2, 9, 4]);
    for (const [index, expected] of attention().entries()) expect(o.values[index]).toBeCloseTo(expected, 5);
    // The gradient of a sum: rows of dV sum to what the weights, which sum to one, hand on of dO.
    const [dv, dout] = [load('dv').values, arrays.dout!.values];
    const total = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0);
    expect(total(dv)).toBeCloseTo(total(dout), 4);
  }, 60_000);
});
