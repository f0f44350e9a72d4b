import type { Problem } from '../problem.ts';
import type { Tiling } from '../tiling.ts';
import { queryTileSteps, type WalkedTile } from './queryTiles.ts';
import { type MatrixBuffer, matrixPart, type RowBuffer, rowsOf } from './regions.ts';
import { rowTileOf } from './rowTiles.ts';
import { type HeadSlice, headStage, kvHeadOf, type StageWalk, type TileAccess } from './walk.ts';

/** What a fused kernel with an owner for each row of tiles moves. */
export interface QueryStageParts {
  /** Rows read once by their owner, where it sees any key. */
  rows: readonly RowBuffer[];
  /** K/V tensors read at each tile, in order; the bias comes after the first. */
  keys: readonly RowBuffer[];
  bias: MatrixBuffer | null;
  /** Rows written by their owner. */
  results: readonly RowBuffer[];
}

/** FlashAttention-2's loop: a workgroup for each row of tiles of each head, keys from left to right. */
export function queryStage(
  problem: Problem,
  { br, bc }: Tiling,
  slice: HeadSlice,
  join: number,
  stage: string,
  { rows, keys, bias, results }: QueryStageParts,
): StageWalk {
  const steps: StageWalk['steps'] = (head, workgroup) => {
    const { rowStart, rowEnd } = rowTileOf(problem, br, workgroup);
    const own = (kind: TileAccess['kind'], buffers: readonly RowBuffer[]) =>
      buffers.map((on) => rowsOf(on, kind, head, rowStart, rowEnd));
    return queryTileSteps(problem, { head, rowStart, rowEnd }, bc, join, {
      first: () => own('load', rows),
      each: (tile) => keysOfTile(problem, tile, keys, bias),
      last: () => own('store', results),
    });
  };
  return headStage(stage, slice, Math.ceil(problem.seqLenQ / br), steps);
}

/** The K/V rows of a tile, tensor by tensor, and its part of the bias once the scores are there. */
export function keysOfTile(
  problem: Problem,
  tile: WalkedTile,
  keys: readonly RowBuffer[],
  bias: MatrixBuffer | null,
): TileAccess[] {
  const kvHead = kvHeadOf(problem, tile.head);
  const accesses = keys.map((on) => rowsOf(on, 'load', kvHead, tile.keyFrom, tile.keyTo, tile.keyRows));
  if (bias) accesses.splice(1, 0, matrixPart(problem, bias, 'load', tile.head, tile));
  return accesses;
}
