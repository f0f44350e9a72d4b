import type { AttentionRows } from './flashAttention1.ts';

/** Which of Tables 9 to 20 it is, and what was timed. */
export interface TimeTable {
  table: number;
  pass: 'forward' | 'backward' | 'both';
  dropout: boolean;
  /** Padding, lengths uniform in (N - 20, N]. */
  mask: boolean;
  /** Milliseconds at each of `tableSeqLens`; null where the paper has none (out of memory or not offered). */
  rows: AttentionRows;
}

/**
 * FlashAttention (arXiv 2205.14135v2), Tables 9 to 20: mean milliseconds of 100 calls. The setup, and what
 * does not fit together in these tables, are in `tableSetup` and `knownInconsistencies`.
 */
export const timeTables: readonly TimeTable[] = [
  {
    table: 9,
    pass: 'forward',
    dropout: true,
    mask: true,
    rows: {
      pytorch: [0.36, 0.34, 0.78, 2.54, 9.33, 36.33, null, null, null, null],
      megatron: [0.4, 0.4, 1.1, 3.65, 16.19, null, null, null, null, null],
      flash: [0.04, 0.06, 0.21, 0.82, 2.85, 10.41, 41.74, 167.19, 670.76, 2682.35],
      blockSparseFlash: [0.06, 0.06, 0.06, 0.12, 0.44, 0.86, 1.7, 3.29, 6.55, 13.34],
    },
  },
  {
    table: 10,
    pass: 'backward',
    dropout: true,
    mask: true,
    rows: {
      pytorch: [0.37, 0.49, 1.66, 5.81, 22.32, 87.67, null, null, null, null],
      megatron: [0.35, 0.32, 0.77, 2.42, 8.43, null, null, null, null, null],
      flash: [0.3, 0.26, 0.68, 2.02, 6.84, 26.89, 105.7, 418.96, 1666.89, 6660.44],
      blockSparseFlash: [0.3, 0.27, 0.29, 0.59, 1.5, 2.94, 5.82, 11.85, 23.98, 47.61],
    },
  },
  {
    table: 11,
    pass: 'both',
    dropout: true,
    mask: true,
    rows: {
      pytorch: [0.84, 0.86, 2.35, 8.29, 31.75, 124.19, null, null, null, null],
      megatron: [0.87, 0.89, 1.33, 4.21, 16.5, null, null, null, null, null],
      flash: [0.43, 0.41, 0.95, 2.55, 9.56, 37.49, 147.75, 586.61, 2339.11, 9341.3],
      blockSparseFlash: [0.44, 0.44, 0.45, 0.89, 1.95, 4.12, 7.64, 16.6, 32.73, 64.11],
    },
  },
  {
    table: 12,
    pass: 'forward',
    dropout: false,
    mask: true,
    rows: {
      pytorch: [0.3, 0.3, 0.63, 1.93, 7.08, 27.45, 112.9, null, null, null],
      megatron: [0.45, 0.41, 0.43, 1.52, 5.8, null, null, null, null, null],
      flash: [0.03, 0.04, 0.17, 0.68, 2.28, 8.4, 33.55, 134.14, 537.5, 2150.88],
      blockSparseFlash: [0.05, 0.04, 0.05, 0.11, 0.35, 0.68, 1.33, 2.54, 5.34, 10.73],
    },
  },
  {
    table: 13,
    pass: 'backward',
    dropout: false,
    mask: true,
    rows: {
      pytorch: [0.44, 0.46, 1.53, 5.33, 20.34, 79.87, null, null, null, null],
      megatron: [0.29, 0.31, 0.65, 1.95, 6.49, null, null, null, null, null],
      flash: [0.21, 0.22, 0.62, 1.84, 5.77, 22.25, 86.21, 338.91, 1343.91, 5361.09],
      blockSparseFlash: [0.22, 0.22, 0.26, 0.57, 1.55, 3.13, 5.98, 12.21, 23.49, 47.85],
    },
  },
  {
    table: 14,
    pass: 'both',
    dropout: false,
    mask: true,
    rows: {
      pytorch: [0.8, 0.81, 2.08, 7.23, 27.51, 107.58, null, null, null, null],
      megatron: [0.81, 0.83, 1.09, 3.36, 12.39, null, null, null, null, null],
      flash: [0.32, 0.3, 0.83, 2.37, 7.95, 30.77, 119.98, 473.65, 1883.43, 7513.01],
      blockSparseFlash: [0.34, 0.34, 0.36, 0.69, 1.85, 3.89, 7.16, 14.85, 30.46, 60.03],
    },
  },
  {
    table: 15,
    pass: 'forward',
    dropout: true,
    mask: false,
    rows: {
      pytorch: [0.26, 0.24, 0.57, 1.8, 6.56, 25.34, null, null, null, null],
      megatron: [0.27, 0.27, 0.56, 1.88, 6.56, null, null, null, null, null],
      flash: [0.1, 0.1, 0.22, 0.83, 2.81, 10.38, 41.63, 167.01, 668.74, 2678.11],
      blockSparseFlash: [0.54, 0.51, 0.68, 0.61, 0.67, 1.1, 1.89, 3.71, 7.18, 14.41],
    },
  },
  {
    table: 16,
    pass: 'backward',
    dropout: true,
    mask: false,
    rows: {
      pytorch: [0.44, 0.35, 0.9, 2.94, 10.77, 41.67, null, null, null, null],
      megatron: [0.28, 0.33, 0.92, 2.94, 10.8, null, null, null, null, null],
      flash: [0.15, 0.18, 0.58, 1.86, 6.5, 26.21, 104.27, 416.1, 1661.92, 6643.01],
      blockSparseFlash: [0.17, 0.17, 0.17, 0.4, 1.1, 2.04, 4.43, 9.33, 18.28, 37.31],
    },
  },
  {
    table: 17,
    pass: 'both',
    dropout: true,
    mask: false,
    rows: {
      pytorch: [0.66, 0.67, 1.43, 4.82, 17.47, 67.29, null, null, null, null],
      megatron: [0.88, 0.9, 1.49, 4.73, 17.41, null, null, null, null, null],
      flash: [0.35, 0.36, 0.8, 2.52, 9.16, 36.7, 146.13, 583.45, 2332.01, 9323.63],
      blockSparseFlash: [0.91, 0.83, 0.94, 0.92, 1.83, 3.5, 7.02, 13.56, 26.71, 53.92],
    },
  },
  {
    table: 18,
    pass: 'forward',
    dropout: false,
    mask: false,
    rows: {
      pytorch: [0.21, 0.22, 0.43, 1.27, 4.32, 16.47, 67.77, null, null, null],
      megatron: [0.24, 0.26, 0.42, 1.33, 4.28, null, null, null, null, null],
      flash: [0.08, 0.09, 0.18, 0.68, 2.4, 8.42, 33.54, 134.03, 535.95, 2147.05],
      blockSparseFlash: [0.56, 0.52, 0.63, 0.65, 0.61, 0.96, 1.69, 3.02, 5.69, 11.77],
    },
  },
  {
    table: 19,
    pass: 'backward',
    dropout: false,
    mask: false,
    rows: {
      pytorch: [0.26, 0.29, 0.78, 2.44, 8.82, 33.87, null, null, null, null],
      megatron: [0.29, 0.3, 0.8, 2.59, 8.86, null, null, null, null, null],
      flash: [0.11, 0.16, 0.52, 1.62, 5.45, 21.57, 84.75, 336, 1338.56, 5343.19],
      blockSparseFlash: [0.11, 0.12, 0.16, 0.38, 1.2, 2.34, 4.69, 9.1, 18.74, 37.04],
    },
  },
  {
    table: 20,
    pass: 'both',
    dropout: false,
    mask: false,
    rows: {
      pytorch: [0.67, 0.7, 1.18, 3.67, 13.22, 50.44, null, null, null, null],
      megatron: [0.74, 0.65, 1.23, 3.8, 13.21, null, null, null, null, null],
      flash: [0.31, 0.31, 0.73, 2.29, 7.64, 30.09, 118.5, 470.51, 1876.08, 7492.85],
      blockSparseFlash: [0.74, 0.77, 0.82, 0.88, 1.71, 3.21, 6.56, 12.6, 24.93, 50.39],
    },
  },
];
