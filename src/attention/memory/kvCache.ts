/** How a model keeps keys and values. */
export type KvCacheKind =
  /** Multi-head, grouped-query (fewer K/V heads than heads) and multi-query (one) attention. */
  | { kind: 'heads'; kvHeads: number; headDim: number; headDimV: number }
  /** Multi-head latent attention: a latent that K and V of all heads are made of, and a rotary key. */
  | { kind: 'latent'; latentDim: number; ropeDim: number };

/**
 * Elements that one token takes in the cache of one layer: K/V heads (d + dv), which is 2 n_h d_h for
 * multi-head, 2 n_g d_h for grouped-query and 2 d_h for multi-query attention; d_c + d_h^R for latent attention
 * (DeepSeek-V2, arXiv 2405.04434, Table 1): 512 + 64 = 576 for DeepSeek-V2.
 */
export function kvElementsPerToken(cache: KvCacheKind): number {
  return cache.kind === 'heads'
    ? cache.kvHeads * (cache.headDim + cache.headDimV)
    : cache.latentDim + cache.ropeDim;
}

/** Bytes that one token takes in the caches of all layers; `bytesPerElement` is 2 for f16 and bf16. */
export function kvBytesPerToken(
  cache: KvCacheKind,
  { layers, bytesPerElement }: { layers: number; bytesPerElement: number },
): number {
  return kvElementsPerToken(cache) * layers * bytesPerElement;
}

export interface PagedKvCache {
  provenance: 'modelled';
  /** Of whole pages. */
  bytes: number;
  /** Of the tokens that are there. */
  usedBytes: number;
  /** Used over all; 1 where nothing is kept. */
  utilisation: number;
  pages: number;
}

/**
 * Memory of a cache in pages of `pageTokens` tokens, bytes: ceil(N / page) page tokens for each sequence
 * (PagedAttention, Kwon et al. 2023, section 4.1; vLLM has 16). `bytesPerToken` from `kvBytesPerToken`. The
 * paper finds 96.3% of the pages' memory in use where systems without pages had 20.4 to 38.2%.
 */
export function pagedKvCache(
  seqLens: readonly number[],
  { bytesPerToken, pageTokens }: { bytesPerToken: number; pageTokens: number },
): PagedKvCache {
  const pages = seqLens.reduce((sum, seqLen) => sum + Math.ceil(seqLen / pageTokens), 0);
  const tokens = seqLens.reduce((sum, seqLen) => sum + seqLen, 0);
  return {
    provenance: 'modelled',
    bytes: pages * pageTokens * bytesPerToken,
    usedBytes: tokens * bytesPerToken,
    utilisation: pages === 0 ? 1 : tokens / (pages * pageTokens),
    pages,
  };
}
