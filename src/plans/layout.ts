import { lseSize, matrixSize, tensorSizes } from '../attention/cost/tensors.ts';
import type { DeviceLimits } from '../attention/limits.ts';
import type { Problem } from '../attention/problem.ts';
import type { Tiling } from '../attention/tiling.ts';
import { formatBytes } from '../attention/units.ts';
import { problemParams } from './params.ts';
import type { PlanBinding, PlanBuffer, PlanModule } from './plan.ts';

const f32Bytes = 4;

/** Q, K and V: streams 0, 1 and 2 of the seed, so that every algorithm gets the same inputs. */
export function inputBuffers(problem: Problem): PlanBuffer[] {
  return tensorSizes(problem)
    .slice(0, 3)
    .map(({ name, bytes }, stream) => ({
      name,
      role: 'input',
      bytes,
      fill: { kind: 'normal', seed: problem.seed, stream },
    }));
}

export function outputBuffer(problem: Problem): PlanBuffer {
  return { ...tensorSizes(problem)[3]!, role: 'output', fill: { kind: 'poison' } };
}

export function lseBuffer(problem: Problem): PlanBuffer {
  return { ...lseSize(problem), role: 'output', fill: { kind: 'poison' } };
}

export function matrixBuffer(problem: Problem, name: 's' | 'p', tiling: Tiling): PlanBuffer {
  return { ...matrixSize(problem, name, tiling.headsPerSlice), role: 'scratch', fill: { kind: 'poison' } };
}

/** One slice of heads: what to bind of every tensor, and the parameter block that goes with it. */
export interface HeadSlice {
  headStart: number;
  heads: number;
  q: PlanBinding;
  k: PlanBinding;
  v: PlanBinding;
  o: PlanBinding;
  lse: PlanBinding;
  params: number[];
}

/** Bindings of q, k, v and o as kernels/common/tensors.wesl numbers them; the log-sum-exp is 5 in flash2. */
const bindingNumbers = { q: 1, k: 2, v: 3, o: 4, lse: 5 } as const;

/** Cuts batch x heads into slices of `tiling.headsPerSlice`, each binding only its own rows. */
export function headSlices(problem: Problem, tiling: Tiling, limits: DeviceLimits): HeadSlice[] {
  const { batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV } = problem;
  const group = heads / kvHeads;
  const kvHeadOf = (head: number) => Math.floor(head / heads) * kvHeads + Math.floor((head % heads) / group);
  const bind = (name: keyof typeof bindingNumbers, firstRow: number, rows: number, width: number) => {
    const start = firstRow * width * f32Bytes;
    const offset = start - (start % limits.minStorageBufferOffsetAlignment);
    const perElement = width % 4 === 0 && name !== 'lse' ? 4 : 1;
    return {
      binding: {
        binding: bindingNumbers[name],
        buffer: name,
        offset,
        size: start - offset + rows * width * f32Bytes,
      },
      base: (start - offset) / (perElement * f32Bytes),
    };
  };
  const slices: HeadSlice[] = [];
  for (let headStart = 0; headStart < batch * heads; headStart += tiling.headsPerSlice) {
    const count = Math.min(tiling.headsPerSlice, batch * heads - headStart);
    const kvStart = kvHeadOf(headStart);
    const kvCount = kvHeadOf(headStart + count - 1) - kvStart + 1;
    const q = bind('q', headStart * seqLenQ, count * seqLenQ, headDim);
    const k = bind('k', kvStart * seqLenKv, kvCount * seqLenKv, headDim);
    const v = bind('v', kvStart * seqLenKv, kvCount * seqLenKv, headDimV);
    const o = bind('o', headStart * seqLenQ, count * seqLenQ, headDimV);
    const lse = bind('lse', headStart * seqLenQ, count * seqLenQ, 1);
    slices.push({
      headStart,
      heads: count,
      q: q.binding,
      k: k.binding,
      v: v.binding,
      o: o.binding,
      lse: lse.binding,
      params: problemParams(problem, {
        headStart,
        q: q.base,
        k: k.base,
        v: v.base,
        o: o.base,
        lse: lse.base,
      }),
    });
  }
  return slices;
}

/** A module specialised for a head dimension and a tile. */
export function tileModule(id: string, source: string, problem: Problem, tiling: Tiling): PlanModule {
  return {
    id,
    source,
    conditions: { VEC4: problem.headDim % 4 === 0, VEC4_V: problem.headDimV % 4 === 0 },
    constants: {
      BR: tiling.br,
      BC: tiling.bc,
      DC: tiling.dc,
      HEAD_DIM: problem.headDim,
      HEAD_DIM_V: problem.headDimV,
    },
  };
}

/**
 * Why a plan's tensors do not fit the device, or null. `scratchPerHead` is the largest scratch buffer that
 * one head needs, described by `scratchWords`.
 */
export function unplannable(
  algorithm: string,
  problem: Problem,
  tiling: Tiling,
  limits: DeviceLimits,
  scratch: { bytesPerHead: number; words: string } | null,
): string | null {
  const binding = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
  const bindingName =
    limits.maxStorageBufferBindingSize <= limits.maxBufferSize
      ? 'maxStorageBufferBindingSize'
      : 'maxBufferSize';
  if (scratch && scratch.bytesPerHead > binding) {
    return (
      `${algorithm} needs ${scratch.words} of ${withBytes(scratch.bytesPerHead)} for one head alone; ` +
      `this device binds at most ${withBytes(binding)} (${bindingName}). ` +
      'Use a shorter sequence, or an algorithm that keeps no such matrix'
    );
  }
  for (const { name, bytes } of tensorSizes(problem)) {
    if (bytes > limits.maxBufferSize) {
      return (
        `${algorithm} needs ${withBytes(bytes)} for ${name.toUpperCase()}; this device's buffers hold at most ` +
        `${withBytes(limits.maxBufferSize)} (maxBufferSize). Use a smaller batch, fewer heads or a shorter sequence`
      );
    }
  }
  if (tiling.headsPerSlice < 1) {
    const { seqLenQ, seqLenKv, headDim, headDimV } = problem;
    const largest = Math.max(seqLenQ, seqLenKv) * Math.max(headDim, headDimV) * f32Bytes;
    return (
      `${algorithm} needs ${withBytes(largest)} in one binding for one head; ` +
      `this device binds at most ${withBytes(binding)} (${bindingName}). Use a shorter sequence`
    );
  }
  return null;
}

function withBytes(bytes: number): string {
  return `${formatBytes(bytes)} (${bytes} bytes)`;
}
