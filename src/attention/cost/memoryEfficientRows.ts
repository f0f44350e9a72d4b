import type { Problem } from '../problem.ts';
import type { Tiling } from '../tiling.ts';

/** Queries that are worked on at a time; a constant, as the paper has it. */
const queriesPerChunk = 128;

/** Query rows whose partial results are kept at a time, for each head; whole rows of tiles. */
export function heldRows({ seqLenQ }: Problem, { br }: Pick<Tiling, 'br'>): number {
  return Math.min(seqLenQ, Math.ceil(queriesPerChunk / br) * br);
}
