import type { ThroughputCurve } from './flashAttention2.ts';

/** The rule of `benchmarkRule` with twice the tokens, in bf16; lengths from 1k on. */
export const flashAttention4Rule = {
  tokens: 32768,
  hidden: 2048,
  dtype: 'bf16',
  seqLens: [1024, 2048, 4096, 8192, 16384],
} as const;

const flash4 = (headDim: number, causal: boolean, tflops: readonly (number | null)[]): ThroughputCurve => ({
  ...{ headDim, causal, implementation: 'flash4', tflops },
});

/**
 * FlashAttention-4 forward as its developers measured it (flash-attention, pull request 2605), on a GPU that they
 * give 2500 TFLOP/s and 8 TB/s: taken as one of a GB200. The curves of d = 128 are of an earlier run there. The
 * heads are not stated: the milliseconds printed with d = 64 agree with a hidden size of 2048.
 */
export const flashAttention4Forward: readonly ThroughputCurve[] = [
  flash4(64, false, [784, 989, 1120, 1193, 1225]),
  flash4(64, true, [463, 706, 917, 1079, 1176]),
  flash4(128, false, [1145, 1382, 1559, 1646, 1745]),
  flash4(128, true, [785, 1132, 1381, null, null]),
];
