import type { Problem } from '../problem.ts';
import type { Access } from '../traffic.ts';

const f32Bytes = 4;

/**
 * Rows of `width` f32 elements accessed by a kernel: four elements at a time where the width allows it,
 * else one by one. `rowsPerHead` is per head of batch x heads.
 */
export function rowAccess(
  problem: Problem,
  access: Pick<Access, 'stage' | 'buffer' | 'kind'>,
  rowsPerHead: number,
  width: number,
): Access {
  const perAccess = width % 4 === 0 ? 4 : 1;
  return scale(problem, access, rowsPerHead, width / perAccess, perAccess * f32Bytes);
}

/** Single f32 elements accessed, `perHead` of them for each head of batch x heads. */
export function elementAccess(
  problem: Problem,
  access: Pick<Access, 'stage' | 'buffer' | 'kind'>,
  perHead: number,
): Access {
  return scale(problem, access, perHead, 1, f32Bytes);
}

function scale(
  problem: Problem,
  access: Pick<Access, 'stage' | 'buffer' | 'kind'>,
  perHead: number,
  each: number,
  bytesPerAccess: number,
): Access {
  const heads = BigInt(problem.batch) * BigInt(problem.heads);
  return { ...access, accesses: heads * BigInt(perHead) * BigInt(each), bytesPerAccess };
}
