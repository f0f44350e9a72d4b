import type { Problem } from './problem.ts';

type MaskedShape = Pick<Problem, 'seqLenQ' | 'seqLenKv' | 'causal'>;

/**
 * How many keys past its own index a query may see; query `row` sees keys 0 .. row + offset.
 * `top-left`: 0. `bottom-right`: seqLenKv - seqLenQ, so that the last query sees the last key.
 */
export function causalOffset(problem: MaskedShape): number {
  return problem.causal === 'bottom-right' ? problem.seqLenKv - problem.seqLenQ : 0;
}

/** Number of keys that query `row` sees: always the first ones. Zero for a fully masked row. */
export function visibleKeys(problem: MaskedShape, row: number): number {
  if (!problem.causal) return problem.seqLenKv;
  return Math.max(0, Math.min(problem.seqLenKv, row + 1 + causalOffset(problem)));
}

/** Visible query-key pairs of one head: the sum of `visibleKeys` over all rows. Exact below 2^53. */
export function visiblePairs(problem: MaskedShape): number {
  const { seqLenQ, seqLenKv } = problem;
  if (!problem.causal) return seqLenQ * seqLenKv;
  const offset = causalOffset(problem);
  // Row r sees r + 1 + offset keys while that lies in 1 .. seqLenKv; before that none, after that all.
  const firstSeeing = Math.min(seqLenQ, Math.max(0, -offset));
  const firstFull = Math.min(seqLenQ, Math.max(firstSeeing, seqLenKv - offset));
  const rising = firstFull - firstSeeing;
  const sum = rising * (firstSeeing + 1 + offset) + (rising * (rising - 1)) / 2;
  return sum + (seqLenQ - firstFull) * seqLenKv;
}

/** One row of tiles: query rows `rowStart` .. `rowStart + rows`, of which the last sees `keyEnd` keys. */
export interface TileRow {
  rowStart: number;
  rows: number;
  keyEnd: number;
}

/** The rows of tiles of one head, top to bottom. Every tile beyond `keyEnd` is empty. */
export function* tileRows(problem: MaskedShape, br: number): Generator<TileRow> {
  for (let rowStart = 0; rowStart < problem.seqLenQ; rowStart += br) {
    const rows = Math.min(br, problem.seqLenQ - rowStart);
    yield { rowStart, rows, keyEnd: visibleKeys(problem, rowStart + rows - 1) };
  }
}
