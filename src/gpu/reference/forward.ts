import type { Problem } from '../../attention/problem.ts';
import type { InputReader } from '../inputs.ts';
import { rowMaker, type TileSize } from './row.ts';
import { breather, type ReferenceOptions } from './steps.ts';

export interface ReferenceRows {
  /** rows.length x headDimV. */
  o: Float64Array;
  /** Natural log-sum-exp of the scores, one for each row. */
  lse: Float64Array;
}

/**
 * Attention in float64 for some rows, with every option of the problem. `rows` are indices into batch x
 * heads x seqLenQ, ascending, so that K and V of a head are read once. `tile` is what a block mask counts in. Throws `AbortError` when cancelled.
 */
export async function referenceRows(
  problem: Problem,
  tile: TileSize,
  rows: readonly number[],
  read: InputReader,
  options: ReferenceOptions = {},
): Promise<ReferenceRows> {
  const { headDim, headDimV } = problem;
  const o = new Float64Array(rows.length * headDimV);
  const lse = new Float64Array(rows.length);
  const makeRow = rowMaker(problem, tile, read);
  const breathe = breather(options);
  for (const [index, at] of rows.entries()) {
    const row = makeRow(at);
    const out = o.subarray(index * headDimV, (index + 1) * headDimV);
    for (let key = 0, from = row.keys.start * headDimV; key < row.p.length; key++) {
      const weight = row.p[key]! * (row.dropout?.[key] ?? 1);
      for (let c = 0; c < headDimV; c++, from++) out[c]! += weight * row.v[from]!;
    }
    lse[index] = row.lse;
    await breathe(row.p.length * (headDim + headDimV) + headDim, (index + 1) / rows.length);
  }
  return { o, lse };
}
