import type { Problem } from '../problem.ts';
import type { Tiling } from '../tiling.ts';
import { keysOfTile } from '../walk/queryStage.ts';
import { queryTileSteps } from '../walk/queryTiles.ts';
import { rectangleSums } from '../walk/rectangle.ts';
import { biasBuffer, type RowBuffer, rowsOf, statisticBuffer, tensorBuffer } from '../walk/regions.ts';
import { rowTileOf } from '../walk/rowTiles.ts';
import {
  batchOf,
  type HeadSlice,
  headStage,
  type SliceWalk,
  type StageWalk,
  type TileAccess,
  type WalkStep,
} from '../walk/walk.ts';
import { vec4s } from '../workgroupMemory.ts';
import { gradientSide, gradientStages } from './flash2BackwardWalk.ts';
import { heldRows } from './memoryEfficientRows.ts';
import { splitKeys } from './packedTiles.ts';
import { rowsPerGroup } from './work.ts';

interface SummaryPass {
  problem: Problem;
  tiling: Tiling;
  slice: HeadSlice;
  join: number;
  /** Rows and keys of a region. */
  unit: { rows: number; keys: number };
}

/** Partial results of a row of tiles and a chunk of keys; chunks of queries take turns in the same places. */
function partial(
  { problem, tiling, slice }: SummaryPass,
  name: 'partial_o' | 'partial_statistics',
  kind: TileAccess['kind'],
  head: number,
  rowTile: number,
  chunk: number,
): TileAccess[] {
  const rowBytes = name === 'partial_o' ? vec4s(problem.headDimV) * 16 : 8;
  const keys = splitKeys(problem, tiling);
  const { rowStart, rowEnd } = rowTileOf(problem, tiling.br, rowTile);
  const keyEnd = Math.min(problem.seqLenKv, (chunk + 1) * keys);
  const part = { rowStart, rowEnd, keyStart: chunk * keys, keyEnd };
  const seen = rectangleSums(problem, batchOf(problem, head), part, 1, keys);
  if (seen.tiles === 0) return [];
  const inChunk = rowTile % Math.ceil(heldRows(problem, tiling) / tiling.br);
  return [
    {
      ...{ on: { buffer: name, memory: name, scope: 'sliceHead' }, kind, owner: head - slice.headStart },
      ...{ tile: inChunk * tiling.splits + chunk, regionBytes: (rowEnd - rowStart) * rowBytes },
      from: (seen.queryFrom - rowStart) * rowBytes,
      to: (seen.queryTo - rowStart) * rowBytes,
      bytes: seen.queryRows * rowBytes,
    },
  ];
}

/** A chunk of queries against every chunk of keys, row tiles fastest; then its merge. */
function* summaryStages(
  pass: SummaryPass,
  reads: readonly RowBuffer[],
  results: readonly RowBuffer[],
): Generator<StageWalk> {
  const { problem, tiling, slice, join, unit } = pass;
  const { br, bc, splits } = tiling;
  const chunkKeys = splitKeys(problem, tiling);
  const q = tensorBuffer(problem, 'q', unit.rows);
  const keys = [tensorBuffer(problem, 'k', unit.keys), tensorBuffer(problem, 'v', unit.keys)];
  const bias = biasBuffer(problem, unit);
  const held = heldRows(problem, tiling);
  for (let heldStart = 0; heldStart < problem.seqLenQ; heldStart += held) {
    const firstTile = heldStart / br;
    const tiles = Math.ceil(Math.min(held, problem.seqLenQ - heldStart) / br);
    const chunk: StageWalk['steps'] = (head, workgroup) => {
      const rowTile = firstTile + (workgroup % tiles);
      const split = Math.floor(workgroup / tiles);
      const keyEnd = Math.min(problem.seqLenKv, (split + 1) * chunkKeys);
      const place = { head, ...rowTileOf(problem, br, rowTile), keyStart: split * chunkKeys, keyEnd };
      return queryTileSteps(problem, place, bc, join, {
        first: () => [rowsOf(q, 'load', head, place.rowStart, place.rowEnd)],
        each: (tile) => keysOfTile(problem, tile, keys, bias),
        last: () => [
          ...partial(pass, 'partial_o', 'store', head, rowTile, split),
          ...partial(pass, 'partial_statistics', 'store', head, rowTile, split),
        ],
      });
    };
    function* merge(head: number, workgroup: number): Generator<WalkStep> {
      const rowTile = firstTile + workgroup;
      const { rowStart, rowEnd } = rowTileOf(problem, br, rowTile);
      const chunks = Array.from({ length: splits }, (_, split) => split);
      const part = (name: 'partial_o' | 'partial_statistics', split: number) =>
        partial(pass, name, 'load', head, rowTile, split);
      yield { tile: null, accesses: chunks.flatMap((split) => part('partial_statistics', split)) };
      for (const split of chunks) {
        const accesses = part('partial_o', split);
        if (accesses.length > 0) yield { tile: null, accesses };
      }
      const own = (kind: TileAccess['kind'], buffers: readonly RowBuffer[]) =>
        buffers.map((on) => rowsOf(on, kind, head, rowStart, rowEnd));
      yield { tile: null, accesses: [...own('load', reads), ...own('store', results)] };
    }
    yield headStage('chunk', slice, tiles * splits, chunk);
    yield headStage('merge', slice, tiles, merge, Math.ceil(br / rowsPerGroup));
  }
}

export const memoryEfficientWalk: SliceWalk = (problem, tiling, slice, join = 1) => {
  const unit = { rows: tiling.br, keys: tiling.bc * join };
  const pass: SummaryPass = { problem, tiling, slice, join, unit };
  return summaryStages(pass, [], [tensorBuffer(problem, 'o', unit.rows)]);
};

/** The summaries again, then the two kernels of FlashAttention-2's backward pass. */
export function* memoryEfficientBackwardWalk(
  ...[problem, tiling, slice, join = 1]: Parameters<SliceWalk>
): Generator<StageWalk> {
  const side = gradientSide(tiling, join);
  const pass: SummaryPass = { problem, tiling, slice, join, unit: { rows: side, keys: side } };
  const statistics = [statisticBuffer(problem, 'lse', side), statisticBuffer(problem, 'delta', side)];
  yield* summaryStages(pass, [tensorBuffer(problem, 'dout', side)], statistics);
  yield* gradientStages(problem, tiling, slice, join);
}
