import { visibleRange } from '../mask.ts';
import type { Problem } from '../problem.ts';
import type { Tiling } from '../tiling.ts';
import { firstWhere, type Rectangle, type RectangleSums, rectangleSums } from '../walk/rectangle.ts';
import {
  biasBuffer,
  matrixPart,
  type RowBuffer,
  rowsOf,
  statisticBuffer,
  tensorBuffer,
} from '../walk/regions.ts';
import {
  batchOf,
  groupSize,
  headStage,
  kvHeadOf,
  kvHeadStage,
  type SliceWalk,
  type StageWalk,
  type TileAccess,
  type WalkStep,
} from '../walk/walk.ts';

/** Rows of a step: how many of its visits are the first of their row of tiles, and how many are later ones. */
interface Visits extends RectangleSums, Rectangle {
  firstRows: number;
  laterRows: number;
}

/** Visits of joined rows of tiles to one block of keys. */
function visitsOf(problem: Problem, batch: number, part: Rectangle, { br, bc }: Tiling): Visits {
  const sums = rectangleSums(problem, batch, part, br, bc);
  // Rows of tiles that see keys before this block were met in an earlier one: what is seen begins ever later.
  const tiles = Math.max(0, Math.ceil((sums.queryTo - sums.queryFrom) / br));
  const fresh = firstWhere(
    tiles,
    (tile) => visibleRange(problem, batch, sums.queryFrom + tile * br).start >= part.keyStart,
  );
  const laterRows = Math.max(0, Math.min(fresh * br, sums.queryTo - sums.queryFrom));
  return { ...part, ...sums, laterRows, firstRows: sums.queryRows - laterRows };
}

/** The row tiles of a head that see no key: their results are written before all else. */
function* unseenRows(
  problem: Problem,
  head: number,
  { br, bc }: Tiling,
  join: number,
  stores: (from: number, to: number, rows: number) => TileAccess[],
): Generator<WalkStep> {
  const height = br * join;
  for (let rowStart = 0; rowStart < problem.seqLenQ; rowStart += height) {
    const rowEnd = Math.min(problem.seqLenQ, rowStart + height);
    let [from, to, rows] = [rowEnd, rowStart, 0];
    for (let row = rowStart; row < rowEnd; row += br) {
      const tile = {
        rowStart: row,
        rowEnd: Math.min(rowEnd, row + br),
        keyStart: 0,
        keyEnd: problem.seqLenKv,
      };
      if (rectangleSums(problem, batchOf(problem, head), tile, br, bc).tiles > 0) continue;
      from = Math.min(from, row);
      to = tile.rowEnd;
      rows += tile.rowEnd - row;
    }
    if (rows > 0) yield { tile: null, accesses: stores(from, to, rows) };
  }
}

/** Keys between the first and the last that any row of a batch entry sees. */
function seenKeys(problem: Problem, batch: number, bc: number): { from: number; to: number } {
  const all = { rowStart: 0, rowEnd: problem.seqLenQ, keyStart: 0, keyEnd: problem.seqLenKv };
  const { tiles, keyFrom, keyTo } = rectangleSums(problem, batch, all, Math.max(1, problem.seqLenQ), bc);
  return tiles > 0 ? { from: keyFrom, to: keyTo } : { from: 0, to: 0 };
}

/** The rows of tiles that meet a block of keys, `join` of them to a step. */
function* rowsOfBlock(
  problem: Problem,
  head: number,
  keyStart: number,
  tiling: Tiling,
  join: number,
  accesses: (visits: Visits) => TileAccess[],
): Generator<WalkStep> {
  const height = tiling.br * join;
  for (let rowStart = 0; rowStart < problem.seqLenQ; rowStart += height) {
    const part = {
      ...{ rowStart, rowEnd: Math.min(problem.seqLenQ, rowStart + height) },
      ...{ keyStart, keyEnd: Math.min(problem.seqLenKv, keyStart + tiling.bc) },
    };
    const visits = visitsOf(problem, batchOf(problem, head), part, tiling);
    if (visits.tiles === 0) continue;
    yield { tile: { head, ...part, state: visits.state }, accesses: accesses(visits) };
  }
}

type Which = 'all' | 'first' | 'later';

/** Rows that visit, or those of them that come for the first time or again: what rows see begins ever later. */
function moved(on: RowBuffer, kind: TileAccess['kind'], head: number, visits: Visits, which: Which) {
  const { queryFrom, queryTo, queryRows, firstRows, laterRows } = visits;
  if (which === 'all') return [rowsOf(on, kind, head, queryFrom, queryTo, queryRows)];
  if (which === 'later') {
    return laterRows > 0 ? [rowsOf(on, kind, head, queryFrom, queryFrom + laterRows)] : [];
  }
  return firstRows > 0 ? [rowsOf(on, kind, head, queryTo - firstRows, queryTo)] : [];
}

function buffersOf(problem: Problem, { br, bc }: Tiling, join: number) {
  const rows = br * join;
  return {
    ofRows: (name: 'q' | 'o' | 'dout' | 'dq') => tensorBuffer(problem, name, rows),
    ofKeys: (name: 'k' | 'v' | 'dk' | 'dv') => tensorBuffer(problem, name, bc),
    bias: biasBuffer(problem, { rows, keys: bc }),
    unit: rows,
  };
}

/** One workgroup for each head: blocks of keys outside, rows of tiles inside. `join` rows of tiles to a step. */
export const flash1Walk: SliceWalk = (problem, tiling, slice, join = 1): StageWalk[] => {
  const { ofRows, ofKeys, bias, unit } = buffersOf(problem, tiling, join);
  const statistics = statisticBuffer(problem, 'statistics', unit, 8);
  function* steps(head: number): Generator<WalkStep> {
    const kvHead = kvHeadOf(problem, head);
    yield* unseenRows(problem, head, tiling, join, (from, to, rows) => [
      rowsOf(ofRows('o'), 'store', head, from, to, rows),
      rowsOf(statistics, 'store', head, from, to, rows),
    ]);
    const { from, to } = seenKeys(problem, batchOf(problem, head), tiling.bc);
    for (let key = Math.floor(from / tiling.bc) * tiling.bc; key < to; key += tiling.bc) {
      const [first, last] = [Math.max(from, key), Math.min(to, key + tiling.bc)];
      const block = (['k', 'v'] as const).map((name) => rowsOf(ofKeys(name), 'load', kvHead, first, last));
      yield { tile: null, accesses: block };
      yield* rowsOfBlock(problem, head, key, tiling, join, (visits) => [
        ...moved(ofRows('q'), 'load', head, visits, 'all'),
        ...moved(statistics, 'load', head, visits, 'later'),
        ...(bias ? [matrixPart(problem, bias, 'load', head, visits)] : []),
        ...moved(ofRows('o'), 'load', head, visits, 'later'),
        ...moved(ofRows('o'), 'store', head, visits, 'all'),
        ...moved(statistics, 'store', head, visits, 'all'),
      ]);
    }
  }
  return [headStage('attention', slice, 1, steps)];
};

/**
 * One workgroup for each K/V head, over the query heads of its group inside each block of keys. Of the three
 * statistics m and l are read at every visit; D is written at the first and read at later ones.
 */
export const flash1BackwardWalk: SliceWalk = (problem, tiling, slice, join = 1): StageWalk[] => {
  const { ofRows, ofKeys, bias, unit } = buffersOf(problem, tiling, join);
  const pair = { ...statisticBuffer(problem, 'statistics', unit, 8), memory: 'statistics m l' };
  const dots = { ...statisticBuffer(problem, 'statistics', unit), memory: 'statistics D' };
  const group = groupSize(problem);
  function* steps(kvHead: number): Generator<WalkStep> {
    const heads = Array.from({ length: group }, (_, member) => kvHead * group + member);
    for (const head of heads) {
      yield* unseenRows(problem, head, tiling, join, (from, to, rows) => [
        rowsOf(ofRows('dq'), 'store', head, from, to, rows),
      ]);
    }
    const { from, to } = seenKeys(problem, batchOf(problem, kvHead * group), tiling.bc);
    for (let key = 0; key < problem.seqLenKv; key += tiling.bc) {
      const end = Math.min(problem.seqLenKv, key + tiling.bc);
      const [first, last] = [Math.max(from, key), Math.min(to, end)];
      if (first < last) {
        const block = (['k', 'v'] as const).map((name) => rowsOf(ofKeys(name), 'load', kvHead, first, last));
        yield { tile: null, accesses: block };
        for (const head of heads) {
          yield* rowsOfBlock(problem, head, key, tiling, join, (visits) => [
            ...moved(ofRows('q'), 'load', head, visits, 'all'),
            ...moved(ofRows('dout'), 'load', head, visits, 'all'),
            ...moved(pair, 'load', head, visits, 'all'),
            ...moved(dots, 'load', head, visits, 'later'),
            ...moved(ofRows('o'), 'load', head, visits, 'first'),
            ...moved(dots, 'store', head, visits, 'first'),
            ...(bias ? [matrixPart(problem, bias, 'load', head, visits)] : []),
            ...moved(ofRows('dq'), 'load', head, visits, 'later'),
            ...moved(ofRows('dq'), 'store', head, visits, 'all'),
          ]);
        }
      }
      const sums = (['dk', 'dv'] as const).map((name) => rowsOf(ofKeys(name), 'store', kvHead, key, end));
      yield { tile: null, accesses: sums };
    }
  }
  return [kvHeadStage(problem, 'gradients', slice, 1, steps)];
};
