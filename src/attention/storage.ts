import type { Dtype, Problem } from './problem.ts';

/**
 * How rows of a tensor lie in memory. f32 rows are tight; 16-bit rows are padded to a whole 32-bit word.
 * A row whose width is a multiple of four is accessed four elements at a time, else an f32 row element
 * by element and a 16-bit row word by word, two elements to a word.
 */
export interface RowLayout {
  dtype: Dtype;
  /** Elements of a row. */
  width: number;
  /** Accesses that read or write a whole row. */
  accesses: number;
  bytesPerAccess: number;
  /** accesses x bytesPerAccess: the stride of a row. */
  bytes: number;
}

export function rowLayout(dtype: Dtype, width: number): RowLayout {
  const small = dtype !== 'f32';
  const accesses = width % 4 === 0 ? width / 4 : small ? Math.ceil(width / 2) : width;
  const bytesPerAccess = width % 4 === 0 ? (small ? 8 : 16) : 4;
  return { dtype, width, accesses, bytesPerAccess, bytes: accesses * bytesPerAccess };
}

/** Tensors of an attention problem, forward and backward; s and p are scratch of one slice of heads. */
export const tensorNames = ['q', 'k', 'v', 'o', 'dout', 'dq', 'dk', 'dv'] as const;
export type TensorName = (typeof tensorNames)[number];

/** Rows of a tensor over batch and heads, and how each lies in memory. */
export function tensorRows(problem: Problem, name: TensorName): { rows: number; layout: RowLayout } {
  const { batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV, dtype } = problem;
  const ofKeys = name === 'k' || name === 'v' || name === 'dk' || name === 'dv';
  const wide = name === 'q' || name === 'k' || name === 'dq' || name === 'dk';
  return {
    rows: ofKeys ? batch * kvHeads * seqLenKv : batch * heads * seqLenQ,
    layout: rowLayout(dtype, wide ? headDim : headDimV),
  };
}

export function tensorBytes(problem: Problem, name: TensorName): number {
  const { rows, layout } = tensorRows(problem, name);
  return rows * layout.bytes;
}
