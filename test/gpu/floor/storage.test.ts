import { afterAll, expect, test } from 'vitest';
import { roundToDtype } from '../../../src/attention/halfFloats.ts';
import { fillNormals } from '../../../src/attention/random/stream.ts';
import { rowLayout } from '../../../src/attention/storage.ts';
import { scanOutput } from '../../../src/gpu/outputs.ts';
import { unpackRows } from '../../../src/gpu/packing.ts';
import { poisonWord, resetTensors } from '../../../src/gpu/poison.ts';
import { runSliced } from '../../../src/gpu/runner.ts';
import { TestGpu } from './device.ts';
import { prepared } from './execution.ts';
import { request, smallProblem } from './handPlans.ts';
import { copyWords, stored } from './storagePlans.ts';

const gpu = new TestGpu();
afterAll(() => gpu.dispose());

const widths = [1, 4, 7, 10];
const half = ['f16', 'bf16'] as const;

/** A stream as it should be stored: rounded, in order. */
function stream(count: number, dtype: 'f32' | 'f16' | 'bf16'): Float32Array {
  const values = new Float32Array(count);
  fillNormals(values, { seed: smallProblem.seed, stream: 0 });
  roundToDtype(values, dtype);
  return values;
}

test('inputs of every storage type and width are uploaded rounded, in rows, and read back', async () => {
  for (const dtype of ['f32', ...half] as const) {
    for (const width of widths) {
      const { plan, modules } = copyWords(dtype, 9, width);
      const { execution, tensors, submitter, binds, read } = await prepared(gpu, { plan, modules });
      const expected = stream(9 * width, dtype);
      const words = await read('a');
      expect(unpackRows(words, rowLayout(dtype, width))).toEqual(expected);
      if (dtype !== 'f32' && width % 2 === 1) {
        const stride = Math.ceil(width / 2);
        for (let row = 0; row < 9; row++) expect(words[(row + 1) * stride - 1]! >>> 16).toBe(0);
      }
      await runSliced(execution, submitter, binds, { phase: 'run', deadline: Number.POSITIVE_INFINITY });
      const scan = await scanOutput(execution, tensors, plan.buffers[1]!, [0, 4, 8]);
      expect(scan).toMatchObject({ elements: 9 * width, nonFinite: 0, firstNonFinite: -1 });
      const rows = [0, 4, 8].flatMap((row) => [...expected.subarray(row * width, (row + 1) * width)]);
      expect([...scan.sampled]).toEqual(rows);
    }
  }
});

test('a tensor of many chunks is the same stream in any of its rows', async () => {
  // 3,000,000 rows of 3 elements in 2 words: 24 MB, more than one chunk of uploading and of reading back.
  const rows = 3_000_000;
  const { plan, modules } = copyWords('f16', rows, 3);
  const { execution, tensors } = await prepared(gpu, { plan, modules });
  const picked = [0, 524_287, 524_288, 2_097_151, 2_097_152, rows - 1];
  const scan = await scanOutput(execution, tensors, plan.buffers[0]!, picked);
  for (const [index, row] of picked.entries()) {
    const expected = new Float32Array(3);
    fillNormals(expected, { seed: smallProblem.seed, stream: 0 }, row * 3);
    roundToDtype(expected, 'f16');
    expect([...scan.sampled.subarray(index * 3, index * 3 + 3)]).toEqual([...expected]);
  }
  execution.ledger.dispose();
});

test('every 16-bit element that nobody writes is seen, and what pads a row is not', async () => {
  for (const dtype of half) {
    const untouched = copyWords(dtype, 9, 7);
    const { execution, tensors } = await prepared(gpu, untouched);
    const scan = await scanOutput(execution, tensors, untouched.plan.buffers[1]!, []);
    expect(scan).toMatchObject({ elements: 63, nonFinite: 63, unwritten: 63, firstNonFinite: 0 });
    // The last word of row 2 (4 words a row) keeps its poison, of which one half is an element: 2 * 7 + 6.
    const { plan, modules } = copyWords(dtype, 9, 7, 'if (index == 11u) { return; }');
    const { status, reason } = await (await gpu.session()).measure(request(plan, modules));
    expect(status).toBe('failed');
    expect(reason).toContain(
      '1 of 63 elements that are not finite, 1 of them never written, the first at 20',
    );
  }
});

test('an infinity of either half is counted, and fails unless the algorithm may overflow', async () => {
  const session = await gpu.session();
  for (const [dtype, infinity] of [
    ['f16', '0x7c00u'],
    ['bf16', '0xff80u'],
  ] as const) {
    const change = `if (index == 5u) { word = ${infinity} << 16u; } if (index == 6u) { word = ${infinity}; }`;
    const { plan, modules } = copyWords(dtype, 8, 8, change);
    const failed = await session.measure(request(plan, modules));
    expect(failed.status).toBe('failed');
    expect(failed.reason).toContain(
      '2 of 64 elements that are not finite, 0 of them never written, the first at 11',
    );
    const allowed = await session.measure(request({ ...plan, mayOverflow: true }, modules, { count: true }));
    expect(allowed.reason).toBeUndefined();
    expect(allowed.status).toBe('ok');
    const left = copyWords(dtype, 8, 8, `${change} if (index == 9u) { return; }`);
    const unwritten = await session.measure(request({ ...left.plan, mayOverflow: true }, left.modules));
    expect(unwritten.status).toBe('failed');
    expect(unwritten.reason).toContain('4 of 64 elements that are not finite, 2 of them never written');
  }
});

test('option tables are uniform, hold their words, and are not counted as the algorithm’s memory', async () => {
  const { plan, modules } = copyWords('f32', 4, 4, 'word = table.y * 1000u + table.w;');
  plan.buffers[2]!.fill = { kind: 'words', words: [0, 3, 0, 2 ** 32 - 8] };
  const { execution, submitter, binds, read } = await prepared(gpu, { plan, modules });
  await runSliced(execution, submitter, binds, { phase: 'run', deadline: Number.POSITIVE_INFINITY });
  expect([...(await read('c'))]).toEqual(Array.from({ length: 16 }, () => 2992));
  expect(execution.ledger.sizes('tensor').map(({ name }) => name)).toEqual(['a', 'c']);
  plan.buffers[2]!.fill = { kind: 'words', words: [0, 0, 0, 0, 0] };
  const { status, reason } = await (await gpu.session()).measure(request(plan, modules));
  expect(status).toBe('failed');
  expect(reason).toContain('Buffer table has 16 bytes; its words need 20');
});

test('before every run, outputs and scratch are poison or zero again, and computed inputs stay', async () => {
  const { plan, modules } = copyWords('f16', 2, 4);
  const poison = { kind: 'poison' } as const;
  plan.buffers.push(
    stored('dq', 'output', 'f32', 2, 4, { kind: 'zero' }),
    stored('s', 'scratch', 'f32', 2, 4, poison),
    stored('o', 'computed', 'f16', 2, 4, poison),
  );
  const { execution, tensors, read } = await prepared(gpu, { plan, modules });
  const spoil = () => {
    for (const name of ['c', 'dq', 's', 'o']) {
      const { buffer, bytes } = tensors.get(name)!;
      execution.guarded.device.queue.writeBuffer(buffer, 0, new Uint32Array(bytes / 4).fill(1));
    }
  };
  const first = async (name: string) => (await read(name))[0]!;
  expect(await first('o')).toBe(poisonWord('f16'));
  spoil();
  await resetTensors(execution, tensors, { keepComputed: true });
  expect(await first('c')).toBe(0x7fc57fc5);
  expect(await first('s')).toBe(0x7fc5a5a5);
  expect(await first('dq')).toBe(0);
  expect(await first('o')).toBe(1);
  expect(poisonWord('f32')).toBe(0x7fc5a5a5);
  await resetTensors(execution, tensors, { keepComputed: false });
  expect(await first('o')).toBe(0x7fc57fc5);
});
