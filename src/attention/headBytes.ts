import type { AlgorithmPass } from './cost/cost.ts';
import type { Problem } from './problem.ts';
import type { HeadBytes } from './slicing.ts';
import { tensorBytes } from './storage.ts';
import type { TileSize, Tiling } from './tiling.ts';

/** Bytes of what one head binds for a pass of an algorithm: its tensors, and its part of the largest scratch. */
export function headBytes(
  { keyRows, scratchPerHead }: Pick<AlgorithmPass, 'keyRows' | 'scratchPerHead'>,
  problem: Problem,
  tile: TileSize & Pick<Tiling, 'splits'>,
): HeadBytes {
  const oneHead = { ...problem, batch: 1, heads: 1, kvHeads: 1 };
  const held = { ...oneHead, seqLenKv: keyRows?.(problem) ?? problem.seqLenKv };
  return {
    q: tensorBytes(oneHead, 'q'),
    k: tensorBytes(held, 'k'),
    v: tensorBytes(held, 'v'),
    o: tensorBytes(oneHead, 'o'),
    scratch: scratchPerHead(problem, tile),
  };
}

/** The largest binding without which not even one head can run, bytes. */
export function largestHeadBinding(...of: Parameters<typeof headBytes>): number {
  return Math.max(...Object.values(headBytes(...of)));
}
