/** A published figure that is left alone, and why. */
export interface NotReproduced {
  what: string;
  why: string;
}

/** Published figures that neither the accounts nor the time model reproduce, and why for each. */
export function notReproduced(): NotReproduced[] {
  return [
    {
      what: 'FlashAttention, Figure 2 left, camera-ready: 35.3 GB of standard attention',
      why: 'no unique account: 15 A + 23 u and 16 A + 7 u both give it, and neither follows from the algorithms.',
    },
    {
      what: 'FlashAttention, Figure 2: runtimes',
      why: 'measurements of kernels on an A100; arXiv v2 and camera-ready differ by causal skipping, see the row of 7.3 ms.',
    },
    {
      what: 'FlashAttention, Figure 8 bottom (T4, forward)',
      why: 'its bars are those of Figure 7 (RTX 3090) within 0.01: one of the two is a wrong plot.',
    },
    {
      what: 'FlashAttention, Tables 9 to 21: Reformer, Local Attention, Linformer, Smyrf, LSformer, Block Sparse, Longformer, BigBird',
      why: 'approximate or sparse attention of other libraries: no account of their traffic and memory is published.',
    },
    {
      what: 'FlashAttention, Table 21: block-sparse FlashAttention at 32768 and 65536',
      why: '2 and 8 MiB above FlashAttention for lists of blocks whose layout the paper does not give.',
    },
    {
      what: 'FlashAttention, Tables 9 to 11: Megatron with dropout and mask',
      why: 'forward and backward together take 0.67 to 0.69 of the sum of the two at 1024 and 2048.',
    },
    {
      what: 'FlashAttention, Tables 12 and 13: what a padding mask costs PyTorch backward',
      why: '15 A, an artefact of a fill on a strided view; the account of the algorithm has none of it.',
    },
    {
      what: 'FlashAttention, Tables 1 to 7: training time and quality of whole models',
      why: 'attention is a part of them; optimizer, data and other layers are not modelled.',
    },
    {
      what: 'FlashAttention-2, Figures 5 and 6 (forward alone, backward alone)',
      why: 'their values are published as pictures only, but for two points that an issue quotes.',
    },
    {
      what: 'FlashAttention-3, Figure 7: bars of FP8',
      why: 'which label belongs to which bar is not certain, and the model of time has no FP8 kernel.',
    },
    {
      what: 'FlashDecoding++: 4.86 and 2.18 times faster than Hugging Face',
      why: 'ratios of whole systems whose shapes are not published with them.',
    },
  ];
}
