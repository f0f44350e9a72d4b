import { type BlockMask, visibleBlocks } from '../../attention/blockMask.ts';
import { diagonalOffset, type KeyRange, visibleRange } from '../../attention/mask.ts';
import { alibiSlopes } from '../../attention/options.ts';
import type { Problem } from '../../attention/problem.ts';
import { dropoutFactors } from '../../attention/random/dropout.ts';
import type { Tiling } from '../../attention/tiling.ts';
import type { InputReader } from '../inputs.ts';
import { softmaxInPlace } from './softmax.ts';

/** Rows of queries and keys in a tile. */
export type TileSize = Pick<Tiling, 'br' | 'bc'>;

/** One query row of one head in float64. Its arrays are used again by the next row. */
export interface AttentionRow {
  /** Of batch x kvHeads. */
  kvHead: number;
  /** The keys that the row sees; the arrays over keys begin with the first of them. */
  keys: KeyRange;
  q: ArrayLike<number>;
  /** All keys and values of the head, seqLenKv x headDim and seqLenKv x headDimV. */
  k: ArrayLike<number>;
  v: ArrayLike<number>;
  /** Softmax over the visible keys, before dropout. */
  p: Float64Array;
  lse: number;
  /** What dropout multiplies P by; null without dropout. */
  dropout: Float64Array | null;
  /** d(capped score) / d(score): 1 - tanh^2; null without softcap. */
  capSlope: Float64Array | null;
}

/**
 * Gives the rows of a problem, by index into batch x heads x seqLenQ, with every option that it has. `tile`
 * is what a block mask counts in.
 */
export function rowMaker(
  problem: Problem,
  tile: TileSize,
  read: InputReader,
): (index: number) => AttentionRow {
  const { heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV, softcap, bias, dropout, seed } = problem;
  const scores = new Float64Array(seqLenKv);
  const capSlopes = softcap === null ? null : new Float64Array(seqLenKv);
  const factors = dropout === null ? null : new Float64Array(seqLenKv);
  const slopes = problem.alibi ? alibiSlopes(heads) : null;
  const scale = 1 / Math.sqrt(headDim);

  return (index) => {
    const row = index % seqLenQ;
    const allHead = Math.floor(index / seqLenQ);
    const batch = Math.floor(allHead / heads);
    const head = allHead % heads;
    const kvHead = batch * kvHeads + Math.floor(head / (heads / kvHeads));
    const keys = visibleRange(problem, batch, row);
    const count = keys.end - keys.start;
    const q = read('q', index * headDim, headDim);
    const k = read('k', kvHead * seqLenKv * headDim, seqLenKv * headDim);
    const v = read('v', kvHead * seqLenKv * headDimV, seqLenKv * headDimV);
    const p = scores.subarray(0, count);
    const capSlope = capSlopes?.subarray(0, count) ?? null;
    scaledDots(p, q, k, keys.start, scale);
    if (softcap !== null) cap(p, capSlope!, softcap);
    if (bias) {
      const biasHead = (batch % bias.batch) * bias.heads + (head % bias.heads);
      const values = read('bias', (biasHead * seqLenQ + row) * seqLenKv, seqLenKv);
      for (let at = 0; at < count; at++) p[at]! += values[keys.start + at]!;
    }
    if (slopes) {
      const diagonal = row + diagonalOffset(problem, batch);
      for (let at = 0; at < count; at++) p[at]! -= slopes[head]! * Math.abs(diagonal - (keys.start + at));
    }
    if (problem.blockMask) maskBlocks(p, problem, problem.blockMask, tile, row, keys.start);
    const lse = softmaxInPlace(p, problem.sinks ? read('sinks', head, 1)[0]! : null);
    const dropped = factors?.subarray(0, count) ?? null;
    if (dropped) dropoutFactors(dropped, { seed, dropout: dropout! }, allHead, row, keys.start);
    return { kvHead, keys, q, k, v, p, lse, dropout: dropped, capSlope };
  };
}

function scaledDots(
  into: Float64Array,
  q: ArrayLike<number>,
  k: ArrayLike<number>,
  firstKey: number,
  scale: number,
): void {
  for (let key = 0, at = firstKey * q.length; key < into.length; key++) {
    let dot = 0;
    for (let c = 0; c < q.length; c++, at++) dot += q[c]! * k[at]!;
    into[key] = dot * scale;
  }
}

function cap(scores: Float64Array, capSlope: Float64Array, softcap: number): void {
  for (let key = 0; key < scores.length; key++) {
    const tanh = Math.tanh(scores[key]! / softcap);
    scores[key] = softcap * tanh;
    capSlope[key] = 1 - tanh * tanh;
  }
}

/** Scores of keys in blocks that the mask leaves out become minus infinity. */
function maskBlocks(
  scores: Float64Array,
  { seqLenQ, seqLenKv, seed }: Problem,
  mask: BlockMask,
  { br, bc }: TileSize,
  row: number,
  firstKey: number,
): void {
  const keyBlocks = Math.ceil(seqLenKv / bc);
  const visible = new Set(
    visibleBlocks(mask, Math.floor(row / br), Math.ceil(seqLenQ / br), keyBlocks, seed),
  );
  for (let at = 0; at < scores.length; at++) {
    if (!visible.has(Math.floor((firstKey + at) / bc))) scores[at] = Number.NEGATIVE_INFINITY;
  }
}
