import type { Causal } from '../problem.ts';
import type { AccountProblem } from './account.ts';

/** Keys on the diagonal of query 0: query i sees keys up to i + offset. */
function diagonal(causal: Exclude<Causal, false>, seqLenQ: number, seqLenKv: number): number {
  return causal === 'top-left' ? 0 : seqLenKv - seqLenQ;
}

/** Sum over j in 0 .. count - 1 of min(max(first + j step, 0), most), in closed form. */
export function clampedSeries(first: number, step: number, count: number, most: number): bigint {
  const positive = first > 0 ? 0 : Math.min(count, Math.floor(-first / step) + 1);
  const full = Math.min(count, Math.max(positive, Math.ceil((most - first) / step)));
  const terms = BigInt(full - positive);
  const start = BigInt(first) + BigInt(positive) * BigInt(step);
  const linear = terms * start + (BigInt(step) * terms * (terms - 1n)) / 2n;
  return linear + BigInt(count - full) * BigInt(most);
}

/**
 * Query rows of one head (seqLenQ of them) that visit blocks of `bc` keys: `visits` over all blocks, `seeing`
 * those that see any key. A causal mask leaves out the rows above a block's first key.
 */
export function rowsPerKeyBlocks(
  { seqLenQ, seqLenKv, causal }: AccountProblem,
  bc: number,
): { visits: bigint; seeing: bigint; rows: bigint } {
  const blocks = Math.ceil(seqLenKv / bc);
  const rows = BigInt(seqLenQ);
  if (!causal) return { visits: rows * BigInt(blocks), seeing: rows, rows };
  const offset = diagonal(causal, seqLenQ, seqLenKv);
  // Block j begins at key j bc, which rows j bc - offset and later see. Last block first: a rising series.
  const first = seqLenQ - ((blocks - 1) * bc - offset);
  return {
    visits: clampedSeries(first, bc, blocks, seqLenQ),
    seeing: BigInt(Math.min(seqLenQ, Math.max(0, seqLenQ + offset))),
    rows,
  };
}

/** Keys of one head that blocks of `br` query rows read, summed over the blocks. */
export function keysPerRowBlocks({ seqLenQ, seqLenKv, causal }: AccountProblem, br: number): bigint {
  const blocks = Math.ceil(seqLenQ / br);
  if (!causal) return BigInt(seqLenKv) * BigInt(blocks);
  const offset = diagonal(causal, seqLenQ, seqLenKv);
  // The last row of block i is (i + 1) br - 1, of the last block seqLenQ - 1.
  const whole = clampedSeries(br + offset, br, blocks - 1, seqLenKv);
  return whole + BigInt(Math.min(seqLenKv, Math.max(0, seqLenQ + offset)));
}
