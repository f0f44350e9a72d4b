import { type BlockMask, diagonalBlocks, visibleBlocks } from './blockMask.ts';

/** Key blocks first, first + stride, .. last. */
export interface BlockRun {
  first: number;
  last: number;
  stride: number;
}

/**
 * The blocks that `visibleBlocks` names, in runs that share none: one for a local mask, at most three for a
 * strided one, one for each bit of the block number for a butterfly; a random mask is drawn block by block.
 */
export function blockRuns(
  mask: BlockMask,
  rowBlock: number,
  rowBlocks: number,
  keyBlocks: number,
  seed: number,
): BlockRun[] {
  const { first, last } = diagonalBlocks(rowBlock, rowBlocks, keyBlocks);
  switch (mask.kind) {
    case 'local':
      return [
        {
          first: Math.max(0, first - mask.width),
          last: Math.min(keyBlocks - 1, last + mask.width),
          stride: 1,
        },
      ];
    case 'strided': {
      const { stride } = mask;
      const before = { first: first % stride, last: first - stride, stride };
      const next = first + (Math.floor((last - first) / stride) + 1) * stride;
      const after = {
        first: next,
        last: next + Math.floor((keyBlocks - 1 - next) / stride) * stride,
        stride,
      };
      return [before, { first, last, stride: 1 }, after].filter((run) => run.first <= run.last);
    }
    case 'butterfly':
      return butterflyRuns(rowBlock, rowBlocks, keyBlocks);
    case 'random':
      return joined(visibleBlocks(mask, rowBlock, rowBlocks, keyBlocks, seed));
  }
}

function butterflyRuns(rowBlock: number, rowBlocks: number, keyBlocks: number): BlockRun[] {
  const side = Math.min(rowBlocks, keyBlocks);
  const row = Math.floor((rowBlock * side) / rowBlocks);
  const runs: BlockRun[] = [];
  // The key blocks over which a block of the pattern is stretched.
  const add = (block: number) => {
    if (block >= side) return;
    const first = Math.ceil((block * keyBlocks) / side);
    runs.push({ first, last: Math.ceil(((block + 1) * keyBlocks) / side) - 1, stride: 1 });
  };
  add(row);
  for (let bit = 1; bit < side; bit *= 2) add(row ^ bit);
  return runs;
}

/** Rising blocks, neighbours joined. */
function joined(blocks: readonly number[]): BlockRun[] {
  const runs: BlockRun[] = [];
  for (const block of blocks) {
    const run = runs.at(-1);
    if (run?.last === block - 1) run.last = block;
    else runs.push({ first: block, last: block, stride: 1 });
  }
  return runs;
}

/** The blocks of a run from `from` to before `end`; none where first > last. */
export function runWithin({ first, last, stride }: BlockRun, from: number, end: number): BlockRun {
  return {
    first: first >= from ? first : first + Math.ceil((from - first) / stride) * stride,
    last: last < end ? last : first + Math.floor((end - 1 - first) / stride) * stride,
    stride,
  };
}

/** How many blocks a run has. */
export function runLength({ first, last, stride }: BlockRun): number {
  return first > last ? 0 : (last - first) / stride + 1;
}
