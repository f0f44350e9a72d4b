import type { Problem } from '../attention/problem.ts';
import { philox4x32 } from '../attention/random/philox.ts';
import { seedWords } from '../attention/random/stream.ts';

/** A stream of its own, far from those of the tensors. */
const samplingStream = 0xffffffff;

/**
 * Which rows to compare, as ascending indices into batch x heads x seqLenQ. All of them where there are
 * no more than asked for. Else: the first and last row and the rows at tile edges of the first, the last
 * and a middle head, and the rest one at random out of each of equal stretches over all heads, so that
 * batch, heads and sequence are all covered. The same seed gives the same rows.
 */
export function sampleRows(problem: Problem, br: number, wanted: number | 'all'): number[] {
  const { batch, heads, seqLenQ, seed } = problem;
  const total = batch * heads * seqLenQ;
  if (wanted === 'all' || wanted >= total) return Array.from({ length: total }, (_, row) => row);
  const allHeads = batch * heads;
  const lastTile = Math.floor((seqLenQ - 1) / br) * br;
  const inHead = [0, seqLenQ - 1, lastTile, br - 1, br, lastTile - 1];
  const inHeads = [0, allHeads - 1, Math.floor(allHeads / 2)];
  const chosen = new Set<number>();
  for (const row of inHead) {
    if (row < 0 || row >= seqLenQ) continue;
    for (const head of inHeads) if (chosen.size < wanted / 2) chosen.add(head * seqLenQ + row);
  }
  const strata = wanted - chosen.size;
  for (const row of stratified(total, strata, seed, 0)) chosen.add(row);
  return [...chosen].sort((a, b) => a - b);
}

/** One number at random out of each of `strata` equal stretches of 0 .. total - 1, ascending. */
export function stratified(total: number, strata: number, seed: number, draw: number): number[] {
  const words = new Uint32Array(4);
  return Array.from({ length: strata }, (_, index) => {
    const from = Math.floor((index * total) / strata);
    const to = Math.floor(((index + 1) * total) / strata);
    philox4x32(words, index, draw, samplingStream, 0, ...seedWords(seed));
    return from + Math.floor((words[0]! / 4294967296) * (to - from));
  });
}
