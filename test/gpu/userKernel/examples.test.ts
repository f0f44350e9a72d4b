import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fillNormals } from '../../../src/attention/random/stream.ts';
import { prepareKernel } from '../../../src/plans/userKernel/prepare.ts';
import { countKernel } from '../../../src/profiler/countKernel.ts';
import type { KernelCount } from '../../../src/profiler/kernelCount.ts';
import { parseKernelManifest } from '../../../src/profiler/kernelManifest.ts';
import { openInProcessHost } from '../../support/inProcessHost.ts';

const folder = join(import.meta.dirname, '../../workspace/kernels');
let host: Awaited<ReturnType<typeof openInProcessHost>>;

beforeAll(async () => {
  host = await openInProcessHost();
});

afterAll(() => host?.dispose());

function prepare(name: string) {
  const read = (ending: string) => readFileSync(join(folder, `${name}${ending}`), 'utf8');
  return prepareKernel(`${name}.wgsl`, read('.wgsl'), parseKernelManifest(read('.wgslprof.json')));
}

async function count(name: string): Promise<KernelCount> {
  const prepared = await prepare(name);
  const request = {
    prepared,
    name: `${name}.wgsl`,
    adapter: 'auto',
    repeats: 2,
    timeBudgetSeconds: 60,
    files: null,
  };
  return countKernel(request, host);
}

/** The words that the kernel left in its outputs. */
async function outputs(name: string): Promise<Map<string, Float32Array>> {
  const { plan, module } = await prepare(name);
  const found = new Map<string, Float32Array>();
  const steps = { check: null, count: false, time: null };
  const measured = await host.session.measure(
    { plan, modules: [module], steps, budgetMs: null },
    { onOutput: (buffer, values) => found.set(buffer, values.slice()) },
  );
  expect(measured.reason).toBeUndefined();
  return found;
}

/** Accesses per buffer as numbers: [loads, stores, bytes read, bytes written]. */
function perBuffer({ traffic }: KernelCount) {
  return Object.fromEntries(
    Object.entries(traffic!.buffers).map(([name, { loads, stores, readBytes, writeBytes }]) => [
      name,
      [loads, stores, readBytes, writeBytes].map(Number),
    ]),
  );
}

/** [loads, stores] of the line that contains a text. */
function onLine(name: string, { lines }: KernelCount, text: string): [number, number] {
  const source = readFileSync(join(folder, `${name}.wgsl`), 'utf8').split('\n');
  const found = source.flatMap((line, index) => (line.includes(text) ? [index + 1] : []));
  expect(found, text).toHaveLength(1);
  const line = lines.find((each) => each.line === found[0]);
  return [Number(line?.loads ?? 0), Number(line?.stores ?? 0)];
}

function normals(length: number, seed: number, stream: number): Float32Array {
  const values = new Float32Array(length);
  fillNormals(values, { seed, stream });
  return values;
}

describe('naive attention', () => {
  const [heads, n, m, d] = [2, 96, 80, 32];
  const pairs = heads * n * m * d;
  const rows = heads * n * d;

  test('counts equal their closed forms, per buffer and per line', async () => {
    const counted = await count('naive_attention');
    expect([counted.status, counted.reason, counted.notes]).toEqual(['ok', null, []]);
    expect(perBuffer(counted)).toEqual({
      q: [2 * pairs, 0, 8 * pairs, 0],
      k: [2 * pairs, 0, 8 * pairs, 0],
      v: [pairs, 0, 4 * pairs, 0],
      o: [pairs + rows, pairs + 2 * rows, 4 * (pairs + rows), 4 * (pairs + 2 * rows)],
    });
    const lineOf = (text: string) => onLine('naive_attention', counted, text);
    expect(lineOf('sum += q[')).toEqual([4 * pairs, 0]);
    expect(lineOf('] = 0.0')).toEqual([0, rows]);
    expect(lineOf('+= weight * v[')).toEqual([2 * pairs, pairs]);
    expect(lineOf('/= total')).toEqual([rows, rows]);
    expect(counted.lines).toHaveLength(4);
    expect(counted.time!.samplesMs).toHaveLength(2);
    expect(counted.issuedGBs).toBeGreaterThan(0);
    expect(counted.workgroupSize).toEqual([64, 1, 1]);
  });

  test('it computes attention', async () => {
    const o = (await outputs('naive_attention')).get('o')!;
    const q = normals(heads * n * d, 1, 1);
    const k = normals(heads * m * d, 2, 2);
    const v = normals(heads * m * d, 3, 3);
    for (const [head, row] of [
      [0, 0],
      [1, 95],
      [1, 40],
    ] as const) {
      const weights = Array.from({ length: m }, (_, key) => {
        let score = 0;
        for (let c = 0; c < d; c++) score += q[(head * n + row) * d + c]! * k[(head * m + key) * d + c]!;
        return Math.exp(score / Math.sqrt(d));
      });
      const total = weights.reduce((sum, weight) => sum + weight);
      for (let c = 0; c < d; c++) {
        const expected = weights.reduce((sum, w, key) => sum + w * v[(head * m + key) * d + c]!, 0) / total;
        expect(o[(head * n + row) * d + c]).toBeCloseTo(expected, 5);
      }
    }
  });
});

describe('matmul', () => {
  const [rows, inner, columns, tile] = [100, 70, 90, 16];

  test('counts equal their closed forms: each matrix once for each tile of the other', async () => {
    const counted = await count('matmul');
    const a = rows * inner * Math.ceil(columns / tile);
    const b = inner * columns * Math.ceil(rows / tile);
    expect(perBuffer(counted)).toEqual({
      a: [a, 0, 4 * a, 0],
      b: [b, 0, 4 * b, 0],
      c: [0, rows * columns, 0, 4 * rows * columns],
    });
    expect(onLine('matmul', counted, 'fromA = a[')).toEqual([a, 0]);
    expect(onLine('matmul', counted, '] = sum;')).toEqual([0, rows * columns]);
  });

  test('it computes a product', async () => {
    const c = (await outputs('matmul')).get('c')!;
    const a = normals(rows * inner, 0, 1);
    const b = normals(inner * columns, 0, 2);
    for (const [row, column] of [
      [0, 0],
      [99, 89],
      [17, 64],
    ] as const) {
      let sum = 0;
      for (let at = 0; at < inner; at++) sum += a[row * inner + at]! * b[at * columns + column]!;
      expect(c[row * columns + column]).toBeCloseTo(sum, 4);
    }
  });
});

describe('reduction', () => {
  test('counts equal their closed forms: vec4 loads, and one atomic for each workgroup', async () => {
    const counted = await count('reduction');
    expect(perBuffer(counted)).toEqual({
      input: [10007, 0, 16 * 10007, 0],
      total: [12, 12, 4 * 12, 4 * 12],
    });
    expect(onLine('reduction', counted, 'sum += input[at]')).toEqual([10007, 0]);
    expect(onLine('reduction', counted, 'atomicAdd')).toEqual([12, 12]);
    expect(counted.workgroupSize).toEqual([128, 1, 1]);
  });

  test('it computes the sum', async () => {
    const total = new Uint32Array((await outputs('reduction')).get('total')!.buffer)[0]!;
    const elements = 4 * 10007;
    expect(total).toBe(((elements * (elements - 1)) / 2) % 2 ** 32);
  });
});
