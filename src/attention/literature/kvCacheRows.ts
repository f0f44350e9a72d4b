import { kvBytesPerToken, kvElementsPerToken } from '../memory/kvCache.ts';
import { type ReproduceRow, reproduceRow } from './row.ts';

/** Sizes of caches of keys and values that papers state. */
export function kvCacheRows(): ReproduceRow[] {
  const opt13b = { kind: 'heads', kvHeads: 40, headDim: 128, headDimV: 128 } as const;
  const deepSeekV2 = { kind: 'latent', latentDim: 512, ropeDim: 64 } as const;
  const headDim = 128;
  return [
    reproduceRow({
      id: 'kv-cache-opt-13b',
      source: 'PagedAttention (arXiv 2309.06180), section 3',
      quantity: 'OPT-13B, cache of one token',
      unit: 'KiB',
      published: 800,
      ours: kvBytesPerToken(opt13b, { layers: 40, bytesPerElement: 2 }) / 1024,
      tolerance: 0,
      note: 'K and V of 5120 elements each in 40 layers, two bytes an element.',
    }),
    reproduceRow({
      id: 'kv-cache-deepseek-v2',
      source: 'DeepSeek-V2 (arXiv 2405.04434), Table 1',
      quantity: 'cache of one token and layer',
      unit: 'd',
      published: 4.5,
      ours: kvElementsPerToken(deepSeekV2) / headDim,
      tolerance: 0,
      note: '512 + 64 elements where a head has d = 128.',
    }),
  ];
}
