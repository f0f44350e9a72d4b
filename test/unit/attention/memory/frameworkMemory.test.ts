import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  table21,
  tableSeqLens,
  tableSetup,
} from '../../../../src/attention/literature/published/flashAttention1.ts';
import type { MemoryAccount } from '../../../../src/attention/memory/account.ts';
import {
  flashInferenceMemory,
  flashSavedForBackward,
  flashTrainingMemory,
} from '../../../../src/attention/memory/flashMemory.ts';
import {
  kvBytesPerToken,
  kvElementsPerToken,
  pagedKvCache,
} from '../../../../src/attention/memory/kvCache.ts';
import { layerActivationBytes } from '../../../../src/attention/memory/layerActivations.ts';
import {
  standardInferenceMemory,
  standardSavedForBackward,
  standardTrainingMemory,
} from '../../../../src/attention/memory/standardMemory.ts';
import { plainProblem, problems } from '../arbitrary.ts';

const ofTable21 = (seqLen: number) =>
  plainProblem({
    batch: tableSetup.batch,
    heads: tableSetup.heads,
    headDim: 64,
    seqLenQ: seqLen,
    dtype: 'f16',
  });

/** MiB with what follows the point cut off. */
const mib = ({ bytes }: MemoryAccount) => Math.floor(bytes / 2 ** 20);

describe('peak memory of training', () => {
  it('is Table 21 of FlashAttention in every cell', () => {
    const { pytorch, megatron, flash } = table21.rows;
    let cells = 0;
    for (const [column, seqLen] of tableSeqLens.entries()) {
      const standard = mib(standardTrainingMemory(ofTable21(seqLen)));
      for (const published of [pytorch[column], megatron[column]]) {
        if (published === null) continue;
        expect(standard).toBe(published);
        cells++;
      }
      expect(mib(flashTrainingMemory(ofTable21(seqLen), { generation: 1 }))).toBe(flash[column]);
      cells++;
    }
    expect(cells).toBe(21);
  });

  it('does not fit 40 GB at the first length that the paper has no number for', () => {
    expect(standardTrainingMemory(ofTable21(8192)).bytes).toBeGreaterThan(40e9);
    expect(mib(standardTrainingMemory(ofTable21(8192)))).toBe(66_816);
  });

  it('is 10u + 4A and 13u + 2 f32 per row; later flash generations pad rows to 128', () => {
    const problem = ofTable21(1024);
    const u = 16 * 8 * 1024 * 64 * 2;
    expect(standardTrainingMemory(problem).bytes).toBe(10 * u + 4 * 16 * u);
    expect(flashTrainingMemory(problem, { generation: 1 }).bytes).toBe(13 * u + 2 * (u / 32));
    expect(flashTrainingMemory(problem, { generation: 2 }).bytes).toBe(13 * u + 2 * (u / 32));
    const short = { ...problem, seqLenQ: 900, seqLenKv: 900 };
    const rows = 16 * 8;
    expect(flashTrainingMemory(short, { generation: 2 }).bytes).toBe(
      11 * rows * 900 * 128 + rows * 1024 * (64 * 4 + 8),
    );
  });
});

describe('memory of inference, and what the backward pass needs', () => {
  const problem = plainProblem({ batch: 2, heads: 4, seqLenQ: 512, headDim: 64, dtype: 'f16' });
  const u = 2 * 4 * 512 * 64 * 2;
  const matrix = 8 * u;
  const perRow = u / 32;

  it('standard: 4u + 2A, 4u + A with the softmax in place; 3u + A kept, 2.5A with dropout', () => {
    expect(standardInferenceMemory(problem, { softmaxInPlace: false }).bytes).toBe(4 * u + 2 * matrix);
    expect(standardInferenceMemory(problem, { softmaxInPlace: true }).bytes).toBe(4 * u + matrix);
    expect(standardSavedForBackward(problem, { dropout: false }).bytes).toBe(3 * u + matrix);
    expect(standardSavedForBackward(problem, { dropout: true }).bytes).toBe(3 * u + 2.5 * matrix);
  });

  it('flash: 4u and the log-sum-exp, the running output of the first generation, partial outputs of splits', () => {
    expect(flashInferenceMemory(problem, { generation: 2 }).bytes).toBe(4 * u + perRow);
    expect(flashInferenceMemory(problem, { generation: 1 }).bytes).toBe(6 * u + perRow);
    const short = { ...problem, seqLenQ: 256, seqLenKv: 256 };
    expect(flashInferenceMemory(short, { generation: 1 }).bytes).toBe((4 * u + perRow) / 2);
    expect(flashInferenceMemory(problem, { generation: 2, splits: 8 }).bytes).toBe(
      4 * u + perRow + 8 * (2 * u + perRow),
    );
    expect(flashSavedForBackward(problem).bytes).toBe(4 * u + perRow);
    expect(flashSavedForBackward(problem, { statistics: 2 }).bytes).toBe(4 * u + 2 * perRow);
  });

  it('is the sum of its parts, for any problem', () => {
    fc.assert(
      fc.property(problems(), (any) => {
        for (const { bytes, parts } of [
          standardInferenceMemory(any, { softmaxInPlace: false }),
          standardTrainingMemory(any),
          standardSavedForBackward(any, { dropout: true }),
          flashInferenceMemory(any, { generation: 1, splits: 3 }),
          flashTrainingMemory(any, { generation: 1 }),
          flashTrainingMemory(any, { generation: 3 }),
          flashSavedForBackward(any),
        ]) {
          expect(parts.reduce((sum, part) => sum + part.bytes, 0)).toBe(bytes);
          for (const part of parts) expect(Number.isSafeInteger(part.bytes) && part.bytes > 0).toBe(true);
        }
      }),
    );
  });
});

describe('activations of a transformer layer', () => {
  const gpt3 = { seqLen: 2048, batch: 1, hidden: 12_288, heads: 96 };
  const plain = { tensorParallel: 1, sequenceParallel: false, recompute: 'none' } as const;
  const sbh = 2048 * 12_288;

  it('follow the paper: 5 a s / h is 80 for GPT-3', () => {
    expect(layerActivationBytes(gpt3, plain)).toBe(sbh * (34 + 80));
    expect(layerActivationBytes(gpt3, { ...plain, tensorParallel: 8 })).toBe(sbh * (10 + 24 / 8 + 80 / 8));
    expect(layerActivationBytes(gpt3, { ...plain, tensorParallel: 8, sequenceParallel: true })).toBe(
      (sbh / 8) * (34 + 80),
    );
    expect(layerActivationBytes(gpt3, { ...plain, recompute: 'selective' })).toBe(34 * sbh);
    expect(layerActivationBytes(gpt3, { ...plain, recompute: 'full' })).toBe(2 * sbh);
  });

  it('hold as much for the attention core as standard attention keeps beside Q, K and V', () => {
    const problem = plainProblem({ heads: 96, seqLenQ: 2048, headDim: 128, dtype: 'f16' });
    const kept = standardSavedForBackward(problem, { dropout: true });
    const inputs = kept.parts.slice(0, 3).reduce((sum, { bytes }) => sum + bytes, 0);
    const core =
      layerActivationBytes(gpt3, plain) - layerActivationBytes(gpt3, { ...plain, recompute: 'selective' });
    expect(kept.bytes - inputs).toBe(core);
  });
});

describe('caches of keys and values', () => {
  const ofHeads = (kvHeads: number, headDim: number) =>
    ({ kind: 'heads', kvHeads, headDim, headDimV: headDim }) as const;
  const kib = (kvHeads: number, headDim: number, layers: number) =>
    kvBytesPerToken(ofHeads(kvHeads, headDim), { layers, bytesPerElement: 2 }) / 1024;

  it('take what the papers say for each token', () => {
    expect(kib(40, 128, 40)).toBe(800); // OPT-13B (vLLM paper)
    expect(kib(32, 128, 32)).toBe(512); // Llama 2 7B
    expect(kib(8, 128, 32)).toBe(128); // Llama 3 8B
    expect(kib(8, 128, 80)).toBe(320); // Llama 3 70B
  });

  it('latent attention has 576 elements in DeepSeek-V2, as many as 2.25 groups', () => {
    const latent = kvElementsPerToken({ kind: 'latent', latentDim: 512, ropeDim: 64 });
    expect(latent).toBe(576);
    expect(latent / kvElementsPerToken(ofHeads(1, 128))).toBe(2.25);
  });

  it('in pages have whole pages for every sequence, and lose less than one each', () => {
    expect(pagedKvCache([1, 16, 17], { bytesPerToken: 10, pageTokens: 16 })).toEqual({
      ...{ provenance: 'modelled', bytes: 640, usedBytes: 340, utilisation: 34 / 64, pages: 4 },
    });
    expect(pagedKvCache([], { bytesPerToken: 10, pageTokens: 16 }).utilisation).toBe(1);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1 }),
        fc.integer({ min: 1, max: 256 }),
        (seqLens, pageTokens) => {
          const { bytes, usedBytes } = pagedKvCache(seqLens, { bytesPerToken: 3, pageTokens });
          expect(bytes).toBeGreaterThanOrEqual(usedBytes);
          expect(bytes - usedBytes).toBeLessThan(3 * pageTokens * seqLens.length);
        },
      ),
    );
  });
});
