import type { Problem } from '../problem.ts';
import { type TensorName, tensorBytes } from '../storage.ts';
import type { BufferSize } from './cost.ts';

const f32Bytes = 4;

export function tensorSize(problem: Problem, name: TensorName): BufferSize {
  return { name, bytes: tensorBytes(problem, name) };
}

/** Q, K, V and O, and the bias where there is one. */
export function forwardTensors(problem: Problem): BufferSize[] {
  return [
    ...(['q', 'k', 'v', 'o'] as const).map((name) => tensorSize(problem, name)),
    ...(problem.bias ? [biasSize(problem)] : []),
  ];
}

/** What every backward pass takes and gives: the forward tensors, dO, and the three gradients. */
export function backwardTensors(problem: Problem): BufferSize[] {
  return [
    ...forwardTensors(problem),
    ...(['dout', 'dq', 'dk', 'dv'] as const).map((name) => tensorSize(problem, name)),
  ];
}

/** One f32 for each query row of every head: the log-sum-exp of its scores, or another row statistic. */
export function rowStatisticSize(problem: Problem, name: string): BufferSize {
  return { name, bytes: problem.batch * problem.heads * problem.seqLenQ * f32Bytes };
}

/** One of the N x M matrices, f32, for the heads of one slice, at least one head. */
export function matrixSize(problem: Problem, name: string, headsPerSlice: number): BufferSize {
  return { name, bytes: Math.max(1, headsPerSlice) * problem.seqLenQ * problem.seqLenKv * f32Bytes };
}

/** One of the N x M matrices, f32, of every head of the batch: what the forward pass keeps for the backward. */
export function keptMatrixSize(problem: Problem, name: string): BufferSize {
  return matrixSize(problem, name, problem.batch * problem.heads);
}

export function biasSize({ bias, seqLenQ, seqLenKv }: Problem): BufferSize {
  return { name: 'bias', bytes: (bias ? bias.batch * bias.heads : 0) * seqLenQ * seqLenKv * f32Bytes };
}

export function exactMemory(buffers: BufferSize[]) {
  return {
    provenance: 'exact' as const,
    peakBytes: buffers.reduce((sum, { bytes }) => sum + bytes, 0),
    buffers,
  };
}
