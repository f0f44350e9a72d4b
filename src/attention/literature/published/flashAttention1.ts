/**
 * Figures of FlashAttention (Dao et al. 2022, arXiv 2205.14135) that others are held to. Read from the paper's
 * text; `digitised` ones from the vector paths of its figures.
 */

/** Numbers of one table by method; null where the paper has none. */
export interface AttentionRows {
  pytorch: readonly (number | null)[];
  megatron: readonly (number | null)[];
  flash: readonly (number | null)[];
  blockSparseFlash: readonly (number | null)[];
}

/** Setup of Tables 9 to 21: one A100 of 40 GB, self-attention on random Q, K and V, no projections. */
export const tableSetup = { batch: 16, heads: 8, headDim: 64, dtype: 'f16', dropout: 0.1 } as const;

/** Sequence lengths of Tables 9 to 21, the columns. */
export const tableSeqLens = [128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536] as const;

/**
 * Table 21: peak memory of one forward and backward pass, without dropout and mask. It says MB; all
 * cells are MiB with what follows the point cut off.
 */
export const table21: { unit: 'MiB'; rows: AttentionRows } = {
  unit: 'MiB',
  rows: {
    pytorch: [36, 104, 336, 1184, 4416, 17024, null, null, null, null],
    megatron: [36, 104, 336, 1184, 4416, null, null, null, null, null],
    flash: [22, 44, 104, 209, 418, 836, 1672, 3344, 6688, 13376],
    blockSparseFlash: [22, 44, 104, 209, 418, 836, 1672, 3344, 6690, 13384],
  },
};

/** Workload of Figure 2, left and middle: fp16 on an A100. */
export const figure2Workload = { batch: 64, heads: 16, seqLen: 1024, headDim: 64, dtype: 'f16' } as const;

export interface Figure2Left {
  version: string;
  workload: string;
  standard: { gflops: number; hbmGB: number; ms: number };
  flash: { gflops: number; hbmGB: number; ms: number };
}

/** Figure 2 left in both versions of the paper, forward and backward together. */
export const figure2Left: readonly Figure2Left[] = [
  {
    version: 'arXiv v2',
    workload: 'GPT-2 medium',
    standard: { gflops: 66.6, hbmGB: 40.3, ms: 41.7 },
    flash: { gflops: 75.2, hbmGB: 4.4, ms: 7.3 },
  },
  {
    version: 'NeurIPS camera-ready',
    workload: 'key-padding mask and no dropout',
    standard: { gflops: 66.6, hbmGB: 35.3, ms: 35.1 },
    flash: { gflops: 75.2, hbmGB: 4.4, ms: 11.7 },
  },
];

/** What the author gives in place of the printed 66.6 and 75.2 (flash-attention, issue 741): GFLOP. */
export const correctedFigure2Gflops = { standard: 825, flash: 963 } as const;

/** Figure 2 middle, digitised: forward pass at each size of a block of keys. */
export const figure2Middle = [
  { bc: 64, hbmGB: 6.5769, ms: 8.6 },
  { bc: 128, hbmGB: 3.3555, ms: 4.7 },
  { bc: 256, hbmGB: 1.7449, ms: 3.3 },
  { bc: 512, hbmGB: 0.9395, ms: 3.2 },
] as const;

/** Figure 2 right, digitised: block-sparse FlashAttention, forward and backward, N = 4096. */
export const figure2Right = {
  seqLen: 4096,
  denseMs: 188.4,
  points: [
    { nonZeroPercent: 10, ms: 27.2 },
    { nonZeroPercent: 20, ms: 43.4 },
    { nonZeroPercent: 30, ms: 60.3 },
    { nonZeroPercent: 40, ms: 81.1 },
    { nonZeroPercent: 50, ms: 99.4 },
    { nonZeroPercent: 60, ms: 117.0 },
    { nonZeroPercent: 70, ms: 135.6 },
    { nonZeroPercent: 80, ms: 155.6 },
    { nonZeroPercent: 90, ms: 175.6 },
  ],
} as const;

/**
 * Memory of standard attention over that of FlashAttention, with dropout and mask: a bar plot in the
 * repository's README, read off to about 0.05.
 */
export const memoryReduction = {
  batch: 8,
  heads: 12,
  headDim: 64,
  points: [
    { seqLen: 128, factor: 1.5 },
    { seqLen: 256, factor: 2.3 },
    { seqLen: 512, factor: 3.2 },
    { seqLen: 1024, factor: 5.6 },
    { seqLen: 2048, factor: 10.5 },
    { seqLen: 4096, factor: 20.3 },
  ],
} as const;

/** What does not fit together in the paper: nothing is to be fitted to these. */
export const knownInconsistencies: readonly string[] = [
  'Figure 2 left prints 66.6 and 75.2 GFLOPs: 15.5 and 17.5 N^2 d times the batch of 64, with the 16 heads left out.',
  'Figure 2 left differs between arXiv v2 and the camera-ready: 7.3 ms is 11.7 ms times 10/16, a causal run, whose 4.4 GB still count the skipped blocks.',
  'Figures 7 (RTX 3090) and 8 bottom (T4, forward) show the same bars: one of them is wrong.',
  'Table 11: Megatron at 1024 and 2048 takes 0.69 and 0.67 of the sum of Tables 9 and 10; its forward time in Table 9 is out of line with Table 12.',
  'Tables 11 and 17 have the same Block Sparse, Longformer and BigBird rows; Tables 11 and 14 the same LSformer row.',
  'Tables 15, 17, 18 and 20: block-sparse FlashAttention has a floor of about 0.5 ms that Tables 9 and 12 do not have.',
  'Table 13: the padding mask costs PyTorch 15 A backward, an artefact of its fill on a strided view, not of the algorithm.',
];
