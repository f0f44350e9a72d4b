import type { Problem } from '../problem.ts';
import { type TensorName, tensorRows } from '../storage.ts';
import { type Rectangle, visibleElements } from './rectangle.ts';
import { batchOf, type OwnerScope, type TileAccess, type WalkBuffer } from './walk.ts';

/** A buffer of rows: regions of `unit` rows each, the last one shorter. */
export interface RowBuffer extends WalkBuffer {
  rowBytes: number;
  rows: number;
  unit: number;
}

/** Q, K, V, O or a gradient, in regions of `unit` rows. */
export function tensorBuffer(problem: Problem, name: TensorName, unit: number): RowBuffer {
  const ofKeys = name === 'k' || name === 'v' || name === 'dk' || name === 'dv';
  return {
    buffer: name,
    memory: name,
    scope: ofKeys ? 'kvHead' : 'head',
    rowBytes: tensorRows(problem, name).layout.bytes,
    rows: ofKeys ? problem.seqLenKv : problem.seqLenQ,
    unit,
  };
}

/** A row statistic: `rowBytes` for each query row of every head. */
export function statisticBuffer(problem: Problem, name: string, unit: number, rowBytes = 4): RowBuffer {
  return { buffer: name, memory: name, scope: 'head', rowBytes, rows: problem.seqLenQ, unit };
}

/**
 * Rows `from` .. `to` - 1, all of one region; `count` rows are moved, more where some are moved repeatedly.
 */
export function rowsOf(
  on: RowBuffer,
  kind: TileAccess['kind'],
  owner: number,
  from: number,
  to: number,
  count = to - from,
): TileAccess {
  const { unit, rows, rowBytes } = on;
  const tile = Math.floor(from / unit);
  const first = tile * unit;
  return {
    ...{ on, kind, owner, tile, regionBytes: Math.min(unit, rows - first) * rowBytes },
    ...{ from: (from - first) * rowBytes, to: (to - first) * rowBytes, bytes: count * rowBytes },
  };
}

/** An N x M matrix of 32-bit elements: regions of `unitRows` x `unitKeys`, of which only visible elements count. */
export interface MatrixBuffer extends WalkBuffer {
  unitRows: number;
  unitKeys: number;
  /** Keys to an element: two where 16-bit weights are packed. */
  perWord: number;
  /** Regions have their whole size, since who shares the matrix does not see the same elements. */
  whole: boolean;
  ownerOf: (head: number) => number;
}

const elementBytes = 4;

export function matrixBuffer(
  name: string,
  scope: OwnerScope,
  ownerOf: (head: number) => number,
  unit: { rows: number; keys: number },
  perWord = 1,
): MatrixBuffer {
  const units = { unitRows: unit.rows, unitKeys: unit.keys };
  return { buffer: name, memory: name, scope, ownerOf, ...units, perWord, whole: false };
}

/** The bias, which batch entries and heads may share; null where there is none. */
export function biasBuffer(problem: Problem, unit: { rows: number; keys: number }): MatrixBuffer | null {
  const { bias, batch, heads } = problem;
  if (!bias) return null;
  const inBatch = (head: number) => head % heads;
  const make = (scope: OwnerScope, ownerOf: (head: number) => number) => ({
    ...matrixBuffer('bias', scope, ownerOf, unit),
    whole: true,
  });
  if (bias.batch === batch && bias.heads === heads) return make('head', (head) => head);
  if (bias.batch === 1 && bias.heads === 1) return make('all', () => 0);
  if (bias.heads === 1) return make('batch', (head) => batchOf(problem, head));
  return make('headInBatch', inBatch);
}

/**
 * The visible elements of a rectangle inside one region, loaded or stored by `head`. A region's elements are
 * numbered so that those of a rectangle lie together: by rows of tiles and then keys, or by columns of tiles
 * and then rows where the kernel owns keys. Both ways number the same elements; stages that go different ways
 * find the region whole or not at all, since a stage ends before the next begins.
 */
export function matrixPart(
  problem: Problem,
  on: MatrixBuffer,
  kind: TileAccess['kind'],
  head: number,
  part: Rectangle,
  by: 'rows' | 'keys' = 'rows',
): TileAccess {
  const { unitRows, unitKeys, perWord } = on;
  const batch = batchOf(problem, head);
  const count = (rectangle: Rectangle) => elementBytes * visibleElements(problem, batch, rectangle, perWord);
  const row = Math.floor(part.rowStart / unitRows);
  const column = Math.floor(part.keyStart / unitKeys);
  const rowStart = row * unitRows;
  const keyStart = column * unitKeys;
  const region = {
    rowStart,
    rowEnd: Math.min(problem.seqLenQ, rowStart + unitRows),
    keyStart,
    keyEnd: Math.min(problem.seqLenKv, keyStart + unitKeys),
  };
  const bytes = count(part);
  const before =
    by === 'rows'
      ? count({ ...region, rowEnd: part.rowStart }) +
        count({ ...region, rowStart: part.rowStart, rowEnd: part.rowEnd, keyEnd: part.keyStart })
      : count({ ...region, keyEnd: part.keyStart }) +
        count({ ...region, rowEnd: part.rowStart, keyStart: part.keyStart, keyEnd: part.keyEnd });
  const wholeBytes =
    (region.rowEnd - rowStart) * Math.ceil((region.keyEnd - keyStart) / perWord) * elementBytes;
  const only = before === 0 && part.rowEnd === region.rowEnd && part.keyEnd === region.keyEnd;
  return {
    ...{ on, kind, owner: on.ownerOf(head) },
    tile: row * Math.ceil(problem.seqLenKv / unitKeys) + column,
    regionBytes: on.whole ? wholeBytes : only ? bytes : count(region),
    ...{ from: before, to: before + bytes, bytes },
  };
}

export function leastCommonMultiple(a: number, b: number): number {
  let [divisor, rest] = [a, b];
  while (rest > 0) [divisor, rest] = [rest, divisor % rest];
  return (a / divisor) * b;
}
