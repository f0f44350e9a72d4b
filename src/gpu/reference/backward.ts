import { visibleRange } from '../../attention/mask.ts';
import type { Problem } from '../../attention/problem.ts';
import type { InputReader } from '../inputs.ts';
import { type AttentionRow, rowMaker, type TileSize } from './row.ts';
import { breather, type ReferenceOptions } from './steps.ts';

export interface ReferenceGradients {
  /** queryRows.length x headDim. */
  dq: Float64Array;
  /** keyRows.length x headDim. */
  dk: Float64Array;
  /** keyRows.length x headDimV. */
  dv: Float64Array;
}

export interface GradientRows {
  /** Indices into batch x heads x seqLenQ, ascending. */
  queryRows: readonly number[];
  /** Indices into batch x kvHeads x seqLenKv, ascending. */
  keyRows: readonly number[];
}

/**
 * Gradients of sum(dO * O) in float64 for some rows (FlashAttention, section 2.2 and appendix B.2, and the
 * chain rule for the options): with P~ = P * dropout and dP = dropout * (dO V^T), the score gradient is
 * dS = P * (dP - D), D = rowsum(P * dP) = rowsum(dO * O); softcap multiplies it by 1 - tanh^2. Bias and slopes are
 * added and sinks only take part of the sum, so that none of them changes the rule. dQ = scale dS K,
 * dK = scale dS^T Q, dV = P~^T dO, the last two summed over the query heads of a K/V head. A key row needs
 * every query row that sees it; those are computed once. Throws `AbortError` when cancelled.
 */
export async function referenceGradients(
  problem: Problem,
  tile: TileSize,
  { queryRows, keyRows }: GradientRows,
  read: InputReader,
  options: ReferenceOptions = {},
): Promise<ReferenceGradients> {
  const { headDim, headDimV, seqLenKv } = problem;
  const dq = new Float64Array(queryRows.length * headDim);
  const dk = new Float64Array(keyRows.length * headDim);
  const dv = new Float64Array(keyRows.length * headDimV);
  const makeRow = rowMaker(problem, tile, read);
  const breathe = breather(options);
  const scale = 1 / Math.sqrt(headDim);
  const dS = new Float64Array(seqLenKv);
  const wanted = keyPositions(keyRows);
  const rows = neededRows(problem, queryRows, keyRows);
  let nextQuery = 0;
  for (const [done, index] of rows.entries()) {
    const row = makeRow(index);
    const dO = read('dout', index * headDimV, headDimV);
    scoreGradients(dS, row, dO);
    if (queryRows[nextQuery] === index) {
      addScaledKeys(dq.subarray(nextQuery * headDim, (nextQuery + 1) * headDim), dS, row, scale);
      nextQuery++;
    }
    const firstKey = row.kvHead * seqLenKv + row.keys.start;
    const lastKey = row.kvHead * seqLenKv + row.keys.end;
    let touched = 0;
    for (let at = wanted(firstKey); at < keyRows.length && keyRows[at]! < lastKey; at++) {
      const key = keyRows[at]! - firstKey;
      const kept = row.p[key]! * (row.dropout?.[key] ?? 1);
      const slope = dS[key]! * scale;
      for (let c = 0; c < headDim; c++) dk[at * headDim + c]! += slope * row.q[c]!;
      for (let c = 0; c < headDimV; c++) dv[at * headDimV + c]! += kept * dO[c]!;
      touched++;
    }
    const operations = row.p.length * (2 * headDim + headDimV) + touched * (headDim + headDimV);
    await breathe(operations + headDim, (done + 1) / rows.length);
  }
  return { dq, dk, dv };
}

/** The gradient with respect to q.k / sqrt(headDim), for the visible keys of one row. */
function scoreGradients(dS: Float64Array, row: AttentionRow, dO: ArrayLike<number>): void {
  const { p, v, keys, dropout, capSlope } = row;
  let weighted = 0;
  for (let key = 0, at = keys.start * dO.length; key < p.length; key++) {
    let dP = 0;
    for (let c = 0; c < dO.length; c++, at++) dP += dO[c]! * v[at]!;
    if (dropout) dP *= dropout[key]!;
    dS[key] = dP;
    weighted += p[key]! * dP;
  }
  for (let key = 0; key < p.length; key++) {
    dS[key] = p[key]! * (dS[key]! - weighted) * (capSlope?.[key] ?? 1);
  }
}

function addScaledKeys(into: Float64Array, dS: Float64Array, row: AttentionRow, scale: number): void {
  for (let key = 0, at = row.keys.start * into.length; key < row.p.length; key++) {
    const slope = dS[key]! * scale;
    for (let c = 0; c < into.length; c++, at++) into[c]! += slope * row.k[at]!;
  }
}

/** Where in `keyRows` (ascending) the first row that is not below a given one stands. */
function keyPositions(keyRows: readonly number[]): (row: number) => number {
  return (row) => {
    let low = 0;
    let high = keyRows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (keyRows[middle]! < row) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** The query rows asked for, and those that see a key row asked for; ascending. */
function neededRows(problem: Problem, queryRows: readonly number[], keyRows: readonly number[]): number[] {
  const { heads, kvHeads, seqLenQ, seqLenKv } = problem;
  const needed = new Set(queryRows);
  const group = heads / kvHeads;
  const position = keyPositions(keyRows);
  for (const kvHead of new Set(keyRows.map((row) => Math.floor(row / seqLenKv)))) {
    const batch = Math.floor(kvHead / kvHeads);
    const firstHead = batch * heads + (kvHead % kvHeads) * group;
    for (let row = 0; row < seqLenQ; row++) {
      const { start, end } = visibleRange(problem, batch, row);
      const at = position(kvHead * seqLenKv + start);
      if (at === keyRows.length || keyRows[at]! >= kvHead * seqLenKv + end) continue;
      for (let head = firstHead; head < firstHead + group; head++) needed.add(head * seqLenQ + row);
    }
  }
  return [...needed].sort((a, b) => a - b);
}
