import { kvBytesPerToken } from '../memory/kvCache.ts';
import { type ReproduceRow, reproduceRow } from './row.ts';

const f16Bytes = 2;

/** Sizes of caches of keys and values that papers state. */
export function kvCacheRows(): ReproduceRow[] {
  const opt13b = { kind: 'heads', kvHeads: 40, headDim: 128, headDimV: 128 } as const;
  const deepSeekV2 = { kind: 'latent', latentDim: 512, ropeDim: 64 } as const;
  const deepSeek67b = { kind: 'heads', kvHeads: 8, headDim: 128, headDimV: 128 } as const;
  // DeepSeek-V2 keeps 6 bits for each element on average (its section 3.2.3).
  const small = kvBytesPerToken(deepSeekV2, { layers: 60, bytesPerElement: 6 / 8 });
  const large = kvBytesPerToken(deepSeek67b, { layers: 95, bytesPerElement: f16Bytes });
  return [
    reproduceRow({
      id: 'kv-cache-opt-13b',
      source: 'PagedAttention (arXiv 2309.06180), section 3',
      quantity: 'OPT-13B, cache of one token',
      unit: 'KiB',
      published: 800,
      ours: kvBytesPerToken(opt13b, { layers: 40, bytesPerElement: f16Bytes }) / 1024,
      tolerance: 0,
      note: '2 (K and V) 5120 elements in each of 40 layers.',
    }),
    reproduceRow({
      id: 'kv-cache-deepseek-v2',
      source: 'DeepSeek-V2 (arXiv 2405.04434), abstract',
      quantity: 'cache of one token, saved against DeepSeek 67B',
      unit: '%',
      published: 93.3,
      ours: 100 * (1 - small / large),
      tolerance: 0.05 / 93.3,
      note: '576 elements of 6 bits in 60 layers, against 2048 of 16 bits in 95.',
    }),
  ];
}
