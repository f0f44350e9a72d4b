import { type AttentionSite, type KnownProblem, unknownProblem } from '../../../../src/shapes/site.ts';

/** A site of a decoder whose batch and length the code calls B and T. */
export function decoderSite(changes: Partial<AttentionSite> = {}): AttentionSite {
  return {
    line: 30,
    column: 16,
    endLine: 30,
    endColumn: 71,
    api: 'torch.sdpa',
    callee: 'F.scaled_dot_product_attention',
    problem: decoderProblem(),
    symbols: { batch: 'B', seqLenQ: 'T', seqLenKv: 'T' },
    basis: { heads: 'default', kvHeads: 'default', headDim: 'default', causal: 'literal' },
    evidence: [
      { line: 12, text: 'heads: int = 12', kind: 'default' },
      { line: 30, text: 'y = F.scaled_dot_product_attention(q, k, v, is_causal=True)', kind: 'literal' },
    ],
    choices: {},
    tensors: [{ name: 'query', text: 'B × 12 × T × 64', line: 30, column: 48 }],
    ...changes,
  };
}

export function decoderProblem(changes: Partial<KnownProblem> = {}): KnownProblem {
  return {
    ...unknownProblem(),
    ...{ heads: 12, kvHeads: 12, headDim: 64, headDimV: 64, dtype: 'f16', causal: 'top-left' },
    ...{ window: false, bias: false, alibi: false, softcap: false, sinks: false, dropout: false },
    ...{ scale: 'default', packed: false },
    ...changes,
  } as KnownProblem;
}
