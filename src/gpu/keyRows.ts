import { visibleRange } from '../attention/mask.ts';
import type { Problem } from '../attention/problem.ts';
import { stratified } from './rows.ts';

/** Multiplications for which the reference takes a few seconds. */
const maxOperations = 4e9;

/**
 * Which rows of dK and dV to compare, as ascending indices into batch x kvHeads x seqLenKv. A key row
 * needs the softmax of every query row that sees it, so a few of them may cost as much as all: K/V heads
 * are taken one by one, the first, the last and then others, each with its ends, tile edges and a random
 * key of each stretch, as long as the query rows they need stay within `maxOperations`. A key that
 * does not fit is left out; there may be none that does. `all` is all, whatever it costs.
 */
export function sampleKeyRows(
  problem: Problem,
  bc: number,
  wanted: number | 'all',
  limit = maxOperations,
): number[] {
  const { batch, kvHeads, heads, seqLenKv, seqLenQ, headDim, headDimV, seed } = problem;
  const total = batch * kvHeads * seqLenKv;
  if (wanted === 'all') return Array.from({ length: total }, (_, row) => row);
  const allHeads = batch * kvHeads;
  const inHead = Math.min(seqLenKv, Math.max(8, Math.ceil(wanted / allHeads)));
  const operationsPerPair = (2 * headDim + headDimV) * (heads / kvHeads);
  let left = limit;
  const chosen: number[] = [];
  for (const kvHead of headOrder(allHeads, Math.ceil(wanted / inHead), seed)) {
    const ranges = Array.from({ length: seqLenQ }, (_, row) =>
      visibleRange(problem, Math.floor(kvHead / kvHeads), row),
    );
    const needed = new Uint8Array(seqLenQ);
    for (const key of keysInHead(seqLenKv, bc, inHead, seed, kvHead)) {
      const rows: number[] = [];
      let pairs = 0;
      for (const [row, { start, end }] of ranges.entries()) {
        if (key < start || key >= end || needed[row]) continue;
        rows.push(row);
        pairs += end - start;
      }
      if (pairs * operationsPerPair > left) continue;
      left -= pairs * operationsPerPair;
      for (const row of rows) needed[row] = 1;
      chosen.push(kvHead * seqLenKv + key);
    }
  }
  return chosen.sort((a, b) => a - b);
}

function headOrder(heads: number, wanted: number, seed: number): number[] {
  const order = new Set([0, heads - 1, ...stratified(heads, Math.min(heads, wanted), seed, 1)]);
  return [...order].slice(0, wanted);
}

function keysInHead(keys: number, bc: number, wanted: number, seed: number, kvHead: number): Set<number> {
  if (wanted >= keys) return new Set(Array.from({ length: keys }, (_, key) => key));
  const lastTile = Math.floor((keys - 1) / bc) * bc;
  const edges = [0, keys - 1, lastTile, bc - 1, bc, lastTile - 1].filter((key) => key >= 0 && key < keys);
  const chosen = new Set(edges.slice(0, Math.ceil(wanted / 2)));
  for (const key of stratified(keys, wanted - chosen.size, seed, 2 + kvHead)) chosen.add(key);
  return chosen;
}
