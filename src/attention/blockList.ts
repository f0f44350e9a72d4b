import { visibleBlocks } from './blockMask.ts';
import { type TileRow, tileRows } from './mask.ts';
import type { Problem } from './problem.ts';
import type { Tiling } from './tiling.ts';

type TileSize = Pick<Tiling, 'br' | 'bc'>;

/** A row of tiles and the key blocks that it computes, rising. */
export interface ListedRow extends TileRow {
  blocks: number[];
}

/**
 * The rows of tiles of a batch entry with the blocks of `problem.blockMask` in which any of their rows sees a
 * key; blocks that the other masks empty are left out. Without a block mask: every block that is not empty.
 */
export function* listedRows(problem: Problem, batch: number, { br, bc }: TileSize): Generator<ListedRow> {
  const { blockMask, seqLenQ, seqLenKv, seed } = problem;
  const rowBlocks = Math.ceil(seqLenQ / br);
  const keyBlocks = Math.ceil(seqLenKv / bc);
  for (const row of tileRows(problem, batch, br)) {
    const all = blockMask
      ? visibleBlocks(blockMask, row.rowStart / br, rowBlocks, keyBlocks, seed)
      : Array.from({ length: keyBlocks }, (_, block) => block);
    const walked = row.start < row.end;
    yield {
      ...row,
      blocks: walked ? all.filter((block) => block * bc < row.end && (block + 1) * bc > row.start) : [],
    };
  }
}

/** Batch entries with lists of their own: one list serves all unless each entry has its own length. */
export function listedEntries({ lengths, batch }: Problem): number {
  return lengths ? batch : 1;
}

/**
 * The lists of all batch entries as the kernels walk them (compressed sparse rows): where each list starts,
 * row of tiles by row of tiles, the end of the last, and then the lists. Positions count from the first word.
 */
export function listByRows(problem: Problem, tile: TileSize): number[] {
  return compressed(allRows(problem, tile).flat());
}

/** The same tiles by key blocks: for each of them the rows of tiles that list it, rising. */
export function listByKeys(problem: Problem, tile: TileSize): number[] {
  const keyBlocks = Math.ceil(problem.seqLenKv / tile.bc);
  return compressed(
    allRows(problem, tile).flatMap((rows) => {
      const lists = Array.from({ length: keyBlocks }, (): number[] => []);
      for (const [row, blocks] of rows.entries()) for (const block of blocks) lists[block]!.push(row);
      return lists;
    }),
  );
}

function allRows(problem: Problem, tile: TileSize): number[][][] {
  return Array.from({ length: listedEntries(problem) }, (_, batch) =>
    [...listedRows(problem, batch, tile)].map(({ blocks }) => blocks),
  );
}

function compressed(lists: readonly number[][]): number[] {
  let at = lists.length + 1;
  const starts = lists.map((list) => {
    at += list.length;
    return at - list.length;
  });
  return [...starts, at, ...lists.flat()];
}
