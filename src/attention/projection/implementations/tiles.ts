import { tileSums } from '../../cost/tileSums.ts';
import type { Problem } from '../../problem.ts';

/** Query rows and keys of a tile, and the warps that share it where that decides what shared memory delivers. */
export interface KernelTile {
  br: number;
  bc: number;
  warps?: number;
}

/**
 * Pairs that a kernel computes for tiles of br x bc, all heads and the whole batch: tiles with any visible pair,
 * each whole, as matrix units take them. 8448 rows in tiles of 192 cost 8448 by 8448; 512 cost 576 by 576.
 */
export function computedPairs(problem: Problem, { br, bc }: KernelTile): bigint {
  return BigInt(computedTiles(problem, { br, bc })) * BigInt(br) * BigInt(bc);
}

/** Tiles with any visible pair, all heads and the whole batch. */
export function computedTiles(problem: Problem, { br, bc }: KernelTile): number {
  const { total, skipped } = tileSums(problem, br, bc);
  return (total - skipped) * problem.heads;
}
