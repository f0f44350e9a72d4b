/** A curve of a benchmark figure: TFLOP/s at each sequence length; null where the figure has none. */
export interface ThroughputCurve {
  headDim: number;
  causal: boolean;
  implementation: string;
  tflops: readonly (number | null)[];
}

/**
 * The rule of the FlashAttention-2 and -3 benchmarks: fp16, `tokens` tokens in the batch at every length, heads x
 * head dimension is `hidden`. FLOPs are 4 N^2 d per head forward, halved for causal, 2.5 times that backward.
 */
export const benchmarkRule = {
  tokens: 16384,
  hidden: 2048,
  dtype: 'f16',
  seqLens: [512, 1024, 2048, 4096, 8192, 16384],
} as const;

const curves = (
  headDim: number,
  causal: boolean,
  rows: Readonly<Record<string, readonly (number | null)[]>>,
): ThroughputCurve[] =>
  Object.entries(rows).map(([implementation, tflops]) => ({ headDim, causal, implementation, tflops }));

/**
 * FlashAttention-2 (arXiv 2307.08691) Figure 4: forward and backward together on an A100 80GB SXM4, read from the
 * labels of the repository's image (assets/flash2_a100_fwd_bwd_benchmark.png). Labels of FlashAttention-2 at
 * 512 (d = 128) and 1k are partly hidden by the legend.
 */
export const flashAttention2Figure4: readonly ThroughputCurve[] = [
  ...curves(64, false, {
    pytorch: [36, 40, 43, 45, 46, null],
    flash1: [91, 92, 104, 108, 110, 110],
    xformers: [68, 73, 76, 77, 75, 75],
    triton: [90, 102, 98, 98, 100, 100],
    flash2: [132, 153, 162, 171, 175, 176],
  }),
  ...curves(128, false, {
    pytorch: [53, 67, 76, 79, 86, null],
    flash1: [76, 72, 76, 80, 82, 83],
    xformers: [83, 91, 95, 96, 97, 98],
    triton: [78, 85, 90, 93, 95, 95],
    flash2: [151, 173, 187, 196, 201, 203],
  }),
  ...curves(64, true, {
    pytorch: [15, 16, 17, 18, 18, null],
    flash1: [58, 70, 77, 87, 92, 97],
    xformers: [51, 60, 66, 68, 69, 67],
    triton: [59, 75, 79, 76, 79, 80],
    flash2: [88, 119, 140, 156, 165, 171],
  }),
  ...curves(128, true, {
    pytorch: [23, 28, 32, 32, 34, null],
    flash1: [55, 62, 69, 76, 80, 83],
    xformers: [58, 72, 82, 87, 91, 92],
    triton: [50, 61, 68, 74, 78, 80],
    flash2: [99, 133, 155, 173, 182, 189],
  }),
];

/**
 * Forward on an A100 80GB at d = 128, N = 2048, batch 8, 16 heads: what xFormers issue 924 quotes of the paper's
 * Figure 5 and measures itself, TFLOP/s.
 */
export const flashAttention2Forward = {
  headDim: 128,
  seqLen: 2048,
  points: [
    { causal: false, paper: 227, measuredAgain: 225 },
    { causal: true, paper: 187, measuredAgain: 156 },
  ],
} as const;
