import { biasSize, keptMatrixSize, matrixSize, rowStatisticSize } from '../attention/cost/tensors.ts';
import type { DeviceLimits } from '../attention/limits.ts';
import { streams } from '../attention/options.ts';
import type { Problem } from '../attention/problem.ts';
import { type TensorName, tensorBytes, tensorRows } from '../attention/storage.ts';
import type { Tiling } from '../attention/tiling.ts';
import { optionTable, optionTableBinding, optionTableBuffer } from './optionTable.ts';
import { groupOffsetWord, problemParams } from './params.ts';
import type { PlanBinding, PlanBuffer, PlanDispatch, PlanModule } from './plan.ts';

const f32Bytes = 4;

/** As kernels/common/scores.wesl has it. */
const biasBinding = 15;

/** An input tensor, drawn from its own stream of the seed: every algorithm gets the same numbers. */
export function inputBuffer(problem: Problem, name: 'q' | 'k' | 'v' | 'dout'): PlanBuffer {
  return {
    ...tensor(problem, name),
    role: 'input',
    fill: { kind: 'normal', seed: problem.seed, stream: streams[name] },
  };
}

export function outputBuffer(problem: Problem, name: TensorName): PlanBuffer {
  return { ...tensor(problem, name), role: 'output', fill: { kind: 'poison' } };
}

/** A tensor or row statistic that the prologue computes and the plan takes as given. */
export function computedBuffer(buffer: PlanBuffer): PlanBuffer {
  return { ...buffer, role: 'computed' };
}

function tensor(problem: Problem, name: TensorName) {
  const { dtype, width } = tensorRows(problem, name).layout;
  return { name, bytes: tensorBytes(problem, name), elements: { dtype, width } };
}

/** One f32 for each query row. */
export function rowStatisticBuffer(problem: Problem, name: string, role: 'output' | 'scratch'): PlanBuffer {
  return { ...rowStatisticSize(problem, name), ...f32Elements, role, fill: { kind: 'poison' } };
}

/** An N x M matrix, f32, for the heads of one slice. */
export function matrixBuffer(problem: Problem, name: string, tiling: Tiling): PlanBuffer {
  return {
    ...matrixSize(problem, name, tiling.headsPerSlice),
    ...f32Elements,
    role: 'scratch',
    fill: { kind: 'poison' },
  };
}

/** An N x M matrix, f32, of every head of the batch, which the prologue computes. */
export function keptMatrixBuffer(problem: Problem, name: string): PlanBuffer {
  return {
    ...keptMatrixSize(problem, name),
    ...f32Elements,
    role: 'computed',
    fill: { kind: 'poison' },
  };
}

const f32Elements = { elements: { dtype: 'f32', width: 1 } } as const;

/** The bias and the table of option values, where the problem has them. */
export function optionBuffers(problem: Problem): PlanBuffer[] {
  const buffers: PlanBuffer[] = [];
  if (problem.bias) {
    const fill = { kind: 'normal', seed: problem.seed, stream: streams.bias } as const;
    buffers.push({ ...biasSize(problem), ...f32Elements, role: 'input', fill });
  }
  const table = optionTableBuffer(problem);
  if (table) buffers.push(table);
  return buffers;
}

/** What every forward pass takes: Q, K and V, the bias, and the table of option values. */
export function forwardInputs(problem: Problem): PlanBuffer[] {
  return [
    inputBuffer(problem, 'q'),
    inputBuffer(problem, 'k'),
    inputBuffer(problem, 'v'),
    ...optionBuffers(problem),
  ];
}

/** Heads `headStart` .. `headStart + heads` of batch x heads. */
export interface HeadSlice {
  headStart: number;
  heads: number;
}

/** Cuts batch x heads into slices of `tiling.headsPerSlice`. */
export function headSlices({ batch, heads }: Problem, tiling: Tiling): HeadSlice[] {
  const slices: HeadSlice[] = [];
  for (let headStart = 0; headStart < batch * heads; headStart += tiling.headsPerSlice) {
    slices.push({ headStart, heads: Math.min(tiling.headsPerSlice, batch * heads - headStart) });
  }
  return slices;
}

export type OptionUse = 'mask' | 'scores' | 'sinks';

export interface DispatchRequest {
  stage: string;
  module: PlanModule;
  grid: [number, number, number];
  /** Scratch bound from its start: the heads of this slice. */
  matrices?: { name: string; binding: number }[];
  /** Matrices that are kept for every head: those of this slice's heads, from `matrix_base` on. */
  keptMatrices?: { name: string; binding: number }[];
  /** Row statistics of this slice's heads: `statisticsWidth` f32 for each query row, 1 where left out. */
  statistics?: { name: string; binding: number }[];
  statisticsWidth?: number;
  /** Buffers bound from their start: scratch that the slices share, and tables. */
  whole?: { name: string; binding: number; bytes: number }[];
  /** Rows that a K/V head has in K and V where they are not the keys themselves: pages may end in padding. */
  keyRows?: number;
  /**
   * What the kernel looks up: which keys a row sees, what options make of a score, the sinks. A binding
   * that a kernel does not use is none of its layout's, so each must be named.
   */
  uses: readonly OptionUse[];
}

/**
 * One dispatch of a module for a slice of heads: each tensor bound to the slice's own rows from the
 * aligned offset before them, and the parameter block with what is left of the offsets.
 */
export function sliceDispatch(
  problem: Problem,
  slice: HeadSlice,
  limits: DeviceLimits,
  request: DispatchRequest,
): PlanDispatch {
  const bindings: PlanBinding[] = [];
  const bases: number[] = [];
  for (const { name, binding } of request.module.tensors) {
    const { layout } = tensorRows(problem, name as TensorName);
    const range = sliceRows(problem, slice, name as TensorName, request.keyRows);
    const bound = bindRange(range.first * layout.bytes, range.rows * layout.bytes, limits);
    bindings.push({ binding, buffer: name, offset: bound.offset, size: bound.size });
    bases.push(bound.before / layout.bytesPerAccess);
  }
  const statistics = sliceRows(problem, slice, 'q');
  const statisticsBytes = (request.statisticsWidth ?? 1) * f32Bytes;
  const statisticsRange = bindRange(
    statistics.first * statisticsBytes,
    statistics.rows * statisticsBytes,
    limits,
  );
  for (const { name, binding } of request.statistics ?? []) {
    const { offset, size } = statisticsRange;
    bindings.push({ binding, buffer: name, offset, size });
  }
  const matrixBytes = problem.seqLenQ * problem.seqLenKv * f32Bytes;
  for (const { name, binding } of request.matrices ?? []) {
    bindings.push({ binding, buffer: name, offset: 0, size: slice.heads * matrixBytes });
  }
  const kept = bindRange(slice.headStart * matrixBytes, slice.heads * matrixBytes, limits);
  for (const { name, binding } of request.keptMatrices ?? []) {
    bindings.push({ binding, buffer: name, offset: kept.offset, size: kept.size });
  }
  for (const { name, binding, bytes } of request.whole ?? []) {
    bindings.push({ binding, buffer: name, offset: 0, size: bytes });
  }
  if (problem.bias && request.uses.includes('scores')) {
    const { bytes } = biasSize(problem);
    bindings.push({ binding: biasBinding, buffer: 'bias', offset: 0, size: bytes });
  }
  if (usesTable(problem, request.uses)) {
    const { words } = optionTable(problem);
    bindings.push({ binding: optionTableBinding, buffer: 'option_table', offset: 0, size: words.length * 4 });
  }
  return {
    stage: request.stage,
    module: request.module.id,
    entryPoint: 'main',
    grid: request.grid,
    bindings,
    params: problemParams(
      problem,
      slice.headStart,
      bases,
      statisticsRange.before / f32Bytes,
      request.keptMatrices ? kept.before / f32Bytes : 0,
    ),
    groupOffsetWord,
  };
}

function usesTable({ lengths, packed, alibi, sinks }: Problem, uses: readonly OptionUse[]): boolean {
  return (
    (uses.includes('mask') && (lengths !== null || packed !== null)) ||
    (uses.includes('scores') && alibi) ||
    (uses.includes('sinks') && sinks)
  );
}

/** Rows of a tensor that belong to a slice of heads. */
function sliceRows(
  problem: Problem,
  { headStart, heads }: HeadSlice,
  name: TensorName,
  keyRows = problem.seqLenKv,
) {
  const group = problem.heads / problem.kvHeads;
  const kvHeadOf = (head: number) =>
    Math.floor(head / problem.heads) * problem.kvHeads + Math.floor((head % problem.heads) / group);
  if (name === 'k' || name === 'v' || name === 'dk' || name === 'dv') {
    const first = kvHeadOf(headStart);
    const count = kvHeadOf(headStart + heads - 1) - first + 1;
    return { first: first * keyRows, rows: count * keyRows };
  }
  return { first: headStart * problem.seqLenQ, rows: heads * problem.seqLenQ };
}

function bindRange(start: number, bytes: number, limits: DeviceLimits) {
  const before = start % limits.minStorageBufferOffsetAlignment;
  return { offset: start - before, size: before + bytes, before };
}
