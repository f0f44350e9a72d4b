import { type KvCacheKind, kvBytesPerToken } from '../../attention/memory/kvCache.ts';
import { bytesPerElement, type Dtype } from '../../attention/problem.ts';
import type { LayerGroup } from './types.ts';

/** The cache of keys and values of the layers of a group, bytes, by the rule of `attention/memory`. */
export interface GroupCache {
  provenance: 'modelled';
  /** One token in one layer. */
  bytesPerToken: number;
  /** Tokens that a layer keeps: of a sequence of `seqLen`, at most its window. */
  tokens: number;
  /** One layer, the whole batch. */
  layerBytes: number;
  /** Layers that keep a cache of their own; null where it is not known how many there are. */
  layers: number | null;
  /** All of them; null where `layers` is. */
  bytes: number | null;
}

/** Null for layers that keep no cache, or one of unknown size. Window and chunk layers keep no more than they see. */
export function groupCache(
  group: LayerGroup,
  { batch, seqLen, dtype }: { batch: number; seqLen: number; dtype: Dtype },
): GroupCache | null {
  const { kvHeads, headDim, headDimV, latent, window, ownCaches, causal, obstacle } = group;
  if (obstacle !== null || causal?.value === false || !kvHeads || !headDim || !headDimV) return null;
  const kind: KvCacheKind = latent
    ? { kind: 'latent', latentDim: latent.kvLoraRank.value, ropeDim: latent.qkRopeHeadDim.value }
    : { kind: 'heads', kvHeads: kvHeads.value, headDim: headDim.value, headDimV: headDimV.value };
  const bytesPerToken = kvBytesPerToken(kind, { layers: 1, bytesPerElement: bytesPerElement(dtype) });
  const limited = group.kind === 'sliding' || group.kind === 'chunked';
  const tokens = limited && window ? Math.min(seqLen, window.value) : seqLen;
  const layerBytes = bytesPerToken * tokens * batch;
  return {
    provenance: 'modelled',
    bytesPerToken,
    tokens,
    layerBytes,
    layers: ownCaches,
    bytes: ownCaches === null ? null : layerBytes * ownCaches,
  };
}
