import { band } from '../attention/mask.ts';
import { dropThreshold } from '../attention/options.ts';
import type { Problem } from '../attention/problem.ts';

/** Word of `group_offset` in the parameter block. */
export const groupOffsetWord = 0;

/** Word of the first of `bases`. */
export const firstBaseWord = 16;

/** Offsets that a parameter block has room for; the last two are those of matrices and row statistics. */
export const maxBases = 16;
export const statisticsBase = maxBases - 1;
export const matrixBase = maxBases - 2;

/** Keys on one side of the diagonal where a window has no limit: beyond any sequence, and safe to add to. */
const noLimit = 2 ** 30;

/**
 * The `Params` block of kernels/common/problem.wesl as 32-bit words. `bases` are in the order of the
 * module's tensors, `statistics` the offset of row statistics, `matrices` that of matrices which are kept
 * for every head; scale is 1 / sqrt(headDim).
 */
export function problemParams(
  problem: Problem,
  headStart: number,
  bases: readonly number[],
  statistics = 0,
  matrices = 0,
): number[] {
  if (bases.length > matrixBase) throw new RangeError(`a kernel has at most ${matrixBase} tensors`);
  const { left, right } = band(problem);
  const dropout = problem.dropout ?? 0;
  return [
    ...[0, 0, 0],
    problem.heads,
    problem.kvHeads,
    problem.seqLenQ,
    problem.seqLenKv,
    headStart,
    f32Word(1 / Math.sqrt(problem.headDim)),
    f32Word(problem.softcap ?? 0),
    dropThreshold(dropout),
    f32Word(1 / (1 - dropout)),
    problem.seed >>> 0,
    Math.floor(problem.seed / 2 ** 32) >>> 0,
    left ?? noLimit,
    right ?? noLimit,
    ...Array.from({ length: matrixBase }, (_, index) => bases[index] ?? 0),
    matrices,
    statistics,
  ];
}

/** The bits of a number rounded to f32. */
export function f32Word(value: number): number {
  return new Uint32Array(new Float32Array([value]).buffer)[0]!;
}
