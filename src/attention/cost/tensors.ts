import type { Problem } from '../problem.ts';
import type { BufferSize } from './cost.ts';

const f32Bytes = 4;

/** Q, K, V and O in bytes, f32. */
export function tensorSizes(problem: Problem): BufferSize[] {
  const { batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV } = problem;
  return [
    { name: 'q', bytes: batch * heads * seqLenQ * headDim * f32Bytes },
    { name: 'k', bytes: batch * kvHeads * seqLenKv * headDim * f32Bytes },
    { name: 'v', bytes: batch * kvHeads * seqLenKv * headDimV * f32Bytes },
    { name: 'o', bytes: batch * heads * seqLenQ * headDimV * f32Bytes },
  ];
}

/** One f32 for each query row of every head: the log-sum-exp of its scores. */
export function lseSize(problem: Problem): BufferSize {
  return { name: 'lse', bytes: problem.batch * problem.heads * problem.seqLenQ * f32Bytes };
}

/** One of the N x M matrices (scores or probabilities) for the heads of one slice, at least one head. */
export function matrixSize(problem: Problem, name: 's' | 'p', headsPerSlice: number): BufferSize {
  return { name, bytes: Math.max(1, headsPerSlice) * problem.seqLenQ * problem.seqLenKv * f32Bytes };
}

export function exactMemory(buffers: BufferSize[]) {
  return {
    provenance: 'exact' as const,
    peakBytes: buffers.reduce((sum, { bytes }) => sum + bytes, 0),
    buffers,
  };
}
