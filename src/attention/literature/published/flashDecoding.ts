/** One row of the table: a batch of sequences of one length, microseconds of each implementation. */
export interface DecodingTime {
  batch: number;
  seqLen: number;
  pytorchEager: number;
  flash2: number;
  flashDecoding: number;
}

/**
 * Flash-Decoding (PyTorch blog, October 2023): one query per sequence, fp16, 16 query heads, 2 K/V heads, d = 128
 * (CodeLlama-34B on four GPUs), microseconds on an A100. The post does not say which A100; FlashAttention is
 * v2.0.9.
 */
export const flashDecodingSetup = { heads: 16, kvHeads: 2, headDim: 128, dtype: 'f16' } as const;

const row = (batch: number, seqLen: number, pytorchEager: number, flash2: number, flashDecoding: number) => ({
  ...{ batch, seqLen, pytorchEager, flash2, flashDecoding },
});

export const flashDecodingTable: readonly DecodingTime[] = [
  row(256, 256, 3058.6, 390.5, 63.4),
  row(128, 512, 3151.4, 366.3, 67.7),
  row(64, 1024, 3160.4, 364.8, 77.7),
  row(32, 2048, 3158.3, 352, 58.5),
  row(16, 4096, 3157, 401.7, 57),
  row(8, 8192, 3173.1, 529.2, 56.4),
  row(4, 16384, 3223, 582.7, 58.2),
  row(2, 32768, 3224.1, 1156.1, 60.3),
  row(1, 65536, 1335.6, 2300.6, 64.4),
  row(1, 131072, 2664, 4592.2, 106.6),
];
