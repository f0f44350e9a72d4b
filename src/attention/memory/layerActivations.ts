/** A transformer layer as Korthikanti et al. count it. */
export interface LayerSizes {
  /** s */
  seqLen: number;
  /** b, the microbatch */
  batch: number;
  /** h, the width of the model */
  hidden: number;
  /** a */
  heads: number;
}

export interface LayerParallelism {
  /** t: devices that share a layer's matrices. */
  tensorParallel: number;
  /** Norms, dropouts and their inputs are spread over the same devices. */
  sequenceParallel: boolean;
  /**
   * `selective`: S, P and what dropout makes of it are computed again in the backward pass, as flash
   * attention does. `full`: the layer's input alone is kept.
   */
  recompute: 'none' | 'selective' | 'full';
}

/**
 * Activations that one transformer layer keeps for its backward pass, bytes on each device, 16-bit training
 * (Korthikanti et al. 2022, arXiv 2205.05198, equations 1 to 4 and section 5):
 * s b h (34 + 5 a s / h); with t devices s b h (10 + 24 / t + 5 a s / (h t)), and with sequence parallelism
 * the whole over t. Selective recomputation leaves the 5 a s / h out; full keeps 2 s b h.
 */
export function layerActivationBytes(
  { seqLen, batch, hidden, heads }: LayerSizes,
  { tensorParallel, sequenceParallel, recompute }: LayerParallelism,
): number {
  const sbh = seqLen * batch * hidden;
  if (recompute === 'full') return 2 * sbh;
  // 5 a s^2 b: what the attention core keeps.
  const core = recompute === 'selective' ? 0 : 5 * heads * seqLen * seqLen * batch;
  const replicated = sequenceParallel ? (10 * sbh) / tensorParallel : 10 * sbh;
  return replicated + (24 * sbh + core) / tensorParallel;
}
