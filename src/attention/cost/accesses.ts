import type { Problem } from '../problem.ts';
import type { RowLayout } from '../storage.ts';
import type { Access } from '../traffic.ts';

type Place = Pick<Access, 'stage' | 'buffer' | 'kind'>;

/** Whole rows of a tensor accessed; `rows` is for one head, over the whole batch. */
export function rowAccess(problem: Problem, place: Place, rows: number, layout: RowLayout): Access {
  return {
    ...place,
    accesses: BigInt(problem.heads) * BigInt(rows) * BigInt(layout.accesses),
    bytesPerAccess: layout.bytesPerAccess,
  };
}

/** Whole rows of K, V, dK or dV accessed by their owner; `rows` is for one K/V head, over the whole batch. */
export function kvRowAccess(problem: Problem, place: Place, rows: number, layout: RowLayout): Access {
  return {
    ...place,
    accesses: BigInt(problem.kvHeads) * BigInt(rows) * BigInt(layout.accesses),
    bytesPerAccess: layout.bytesPerAccess,
  };
}

/** Single f32 elements accessed, `count` of them for one head, over the whole batch. */
export function elementAccess(problem: Problem, place: Place, count: number): Access {
  return { ...place, accesses: BigInt(problem.heads) * BigInt(count), bytesPerAccess: 4 };
}
