import type { ThroughputCurve } from './flashAttention2.ts';

const notCausal = (
  headDim: number,
  rows: Readonly<Record<string, readonly (number | null)[]>>,
): ThroughputCurve[] =>
  Object.entries(rows).map(([implementation, tflops]) => ({
    headDim,
    causal: false,
    implementation,
    tflops,
  }));

/**
 * FlashAttention-3 (arXiv 2407.08608) Figure 5: forward in fp16 on an H100 80GB SXM5, without a causal mask, at
 * the sequence lengths of `benchmarkRule`. From the repository's image (assets/flash3_fp16_fwd.png) and the
 * paper's text layer.
 */
export const flashAttention3Figure5: readonly ThroughputCurve[] = [
  ...notCausal(64, {
    pytorch: [52, 63, 67, 72, 73, null],
    flash2: [282, 306, 318, 321, 322, 324],
    triton: [340, 382, 396, 400, 401, 403],
    cudnn: [335, 373, 395, 408, 412, 413],
    flash3: [333, 392, 460, 476, 496, 497],
  }),
  ...notCausal(128, {
    pytorch: [74, 100, 119, 133, 139, null],
    flash2: [309, 350, 362, 368, 370, 370],
    triton: [323, 372, 389, 389, 392, 395],
    cudnn: [497, 574, 617, 609, 600, 595],
    flash3: [467, 565, 625, 638, 646, 648],
  }),
  ...notCausal(256, {
    flash2: [275, 313, 321, 323, 324, 326],
    cudnn: [470, 546, 580, 581, 580, 581],
    flash3: [482, 627, 707, 736, 746, 756],
  }),
];
