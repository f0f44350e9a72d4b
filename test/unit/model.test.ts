import { describe, expect, test } from 'vitest';
import { catalogue } from '../../src/attention/catalogue.ts';
import { gpuTable } from '../../src/attention/devices/table.ts';
import { noOptions, type Problem, passes } from '../../src/attention/problem.ts';
import { implementations } from '../../src/attention/projection/implementations.ts';
import { fromCount } from '../../src/profiler/document/counts.ts';
import { readDocument } from '../../src/profiler/document/read.ts';
import { writeDocument } from '../../src/profiler/document/write.ts';
import { type ModelJob, model } from '../../src/profiler/model.ts';

const problem: Problem = {
  ...{ batch: 2, heads: 8, kvHeads: 2, seqLenQ: 700, seqLenKv: 1100, headDim: 80, headDimV: 64 },
  ...noOptions,
  ...{ dtype: 'f16', causal: 'bottom-right', seed: 3 },
};

const h100 = gpuTable.find(({ id }) => id === 'h100-sxm')!;

const job: ModelJob = {
  problem,
  algorithms: catalogue.map(({ id }) => id),
  implementations,
  passes,
  gpu: h100,
  tiling: null,
};

const bytes = (tally: { readBytes: number | string; writeBytes: number | string }) =>
  fromCount(tally.readBytes) + fromCount(tally.writeBytes);

describe('the model of a job', () => {
  test.each(gpuTable.map((gpu) => [gpu.id, gpu] as const))('is a document on %s', (_id, gpu) => {
    const document = model({ ...job, gpu, algorithms: ['standard', 'flash2'], passes: ['forward'] });
    expect(readDocument(writeDocument(document))).toEqual({ ok: true, value: document });
    for (const run of document.runs) {
      expect(run.engine).toBe('model');
      expect(run.time).toBeNull();
      if (run.status !== 'ok') expect(run.reason).toMatch(/\S/);
      else expect(run.projection!.ms).toBeGreaterThan(0);
    }
  });

  test('has a row for every algorithm and pass, and for implementations where they exist', () => {
    const { runs } = model(job);
    const rows = catalogue.flatMap(({ id }) => passes.map((pass) => `${id} ${pass}`));
    const own = runs.filter(({ algorithm }) => catalogue.some(({ id }) => id === algorithm));
    expect(own.map(({ algorithm, pass }) => `${algorithm} ${pass}`)).toEqual(rows);
    expect(runs.length).toBeGreaterThan(own.length);
    const ids = new Set(catalogue.map(({ id }) => id));
    expect(implementations.filter(({ id }) => ids.has(id))).toEqual([]);
  });

  test('holds modelled traffic between the compulsory and the issued bytes', () => {
    const { runs } = model({ ...job, algorithms: ['standard', 'flash2'], passes: ['forward'] });
    for (const { traffic } of runs.slice(0, 2)) {
      expect(bytes(traffic.modelled!)).toBeLessThanOrEqual(bytes(traffic.exact!));
      expect(bytes(traffic.modelled!)).toBeGreaterThanOrEqual(bytes(traffic.bound!));
      expect(traffic.modelled!.cache!.bytes).toBe(h100.l2Bytes);
    }
  });

  test('skips what does not fit the memory, with the number and the limit', () => {
    const small = { ...h100, memoryBytes: 1_000_000 };
    const { runs } = model({ ...job, gpu: small, algorithms: ['flash2'], implementations: [] });
    expect(runs[0]!.status).toBe('skipped');
    expect(runs[0]!.reason).toMatch(/flash2 needs .* \(\d+ bytes\), NVIDIA H100 SXM has 1\.00 MB/);
    expect(runs[0]!.projection).toBeUndefined();
  });

  test('says what is missing where the table knows too little', () => {
    const dark = { ...h100, bandwidthGBs: null, l2Bytes: null, sharedMemoryPerMultiprocessorBytes: null };
    const document = model({ ...job, gpu: dark, algorithms: ['flash2'], implementations: [] });
    expect(document.runs[0]!.status).toBe('skipped');
    expect(document.runs[0]!.reason).toMatch(/bandwidth/);
    expect(document.runs[0]!.traffic.modelled).toBeUndefined();
    expect(document.runs[0]!.traffic.exact).toBeDefined();
    expect(document.theory).toBeUndefined();
  });

  test('the longest sequence fits, and the next does not', () => {
    const gpu = { ...h100, memoryBytes: 1e9 };
    const flash2 = { ...job, gpu, algorithms: ['flash2'], implementations: [], passes: ['forward' as const] };
    const { runs } = model(flash2);
    const { seqLen, limitedBy, bytes: needed } = runs[0]!.longestSequence!;
    expect(limitedBy).toBe('memory');
    expect(Number(needed)).toBeLessThanOrEqual(1e9);
    const memoryAt = (length: number) => {
      const longer = { ...problem, causal: false as const, seqLenQ: length, seqLenKv: length };
      return model({ ...flash2, problem: longer }).runs[0]!.status;
    };
    expect(memoryAt(seqLen)).toBe('ok');
    expect(memoryAt(seqLen + 1)).toBe('skipped');
  });

  test('refuses an algorithm that does not exist', () => {
    expect(() => model({ ...job, algorithms: ['flash9'] })).toThrow(/flash9/);
  });
});
