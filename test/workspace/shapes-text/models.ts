// Sizes of published models, and one that a caller chooses.
export const models = {
  small: { nHead: 12, nEmbd: 768, blockSize: 1024 },
  grouped: { num_attention_heads: 32, num_kv_heads: 8, head_dim: 128, seqLen: 4096, dtype: 'bfloat16' },
  free: (nHead: number) => ({ nHead, headDim: 64 }),
};

export const windows = { width: 1280, height: 720, heads: ['left', 'right'] };
