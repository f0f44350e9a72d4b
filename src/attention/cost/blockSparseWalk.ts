import { type ListedRow, listedEntries, listedRows } from '../blockList.ts';
import type { Problem } from '../problem.ts';
import type { TensorName } from '../storage.ts';
import type { Tiling } from '../tiling.ts';
import { keysOfTile, type QueryStageParts } from '../walk/queryStage.ts';
import type { WalkedTile } from '../walk/queryTiles.ts';
import { type Rectangle, type RectangleSums, rectangleSums } from '../walk/rectangle.ts';
import {
  biasBuffer,
  leastCommonMultiple,
  matrixPart,
  rowsOf,
  statisticBuffer,
  tensorBuffer,
} from '../walk/regions.ts';
import { rowTileOf } from '../walk/rowTiles.ts';
import {
  batchOf,
  groupSize,
  type HeadSlice,
  headStage,
  kvHeadStage,
  type SliceWalk,
  type StageWalk,
  type TileAccess,
  type WalkBuffer,
  type WalkStep,
} from '../walk/walk.ts';
import { backwardBuffers, deltaStage, queriesOfTile } from './flash2BackwardWalk.ts';

/** The lists of a problem, made when they are first needed. */
class BlockLists {
  readonly #problem: Problem;
  readonly #tiling: Tiling;
  readonly #rows = new Map<number, ListedRow[]>();
  readonly #keys = new Map<number, number[][]>();

  constructor(problem: Problem, tiling: Tiling) {
    this.#problem = problem;
    this.#tiling = tiling;
  }

  /** Which entry's lists a batch entry walks. */
  entry(batch: number): number {
    return listedEntries(this.#problem) === 1 ? 0 : batch;
  }

  ofRow(batch: number, rowTile: number): number[] {
    return this.#entryRows(this.entry(batch))[rowTile]!.blocks;
  }

  /** Rows of tiles that list a key block. */
  ofKey(batch: number, keyTile: number): number[] {
    const entry = this.entry(batch);
    let lists = this.#keys.get(entry);
    if (!lists) {
      lists = Array.from({ length: Math.ceil(this.#problem.seqLenKv / this.#tiling.bc) }, () => []);
      for (const [row, { blocks }] of this.#entryRows(entry).entries()) {
        for (const block of blocks) lists[block]!.push(row);
      }
      this.#keys.set(entry, lists);
    }
    return lists[keyTile]!;
  }

  #entryRows(entry: number): ListedRow[] {
    const known = this.#rows.get(entry) ?? [...listedRows(this.#problem, entry, this.#tiling)];
    this.#rows.set(entry, known);
    return known;
  }
}

/** Loads of a list: where it begins and ends, all beside each other, and its blocks. */
function listAccesses(
  problem: Problem,
  memory: string,
  entry: number,
  list: number,
  lists: number,
  listed: number,
  what: 'ends' | 'blocks',
): TileAccess[] {
  const scope = listedEntries(problem) === 1 ? 'all' : 'batch';
  const on = (part: string): WalkBuffer => ({ buffer: 'block_list', memory: `${memory} ${part}`, scope });
  const words = (owner: number, tile: number, regionWords: number, from: number, to: number) => ({
    ...{ kind: 'load' as const, owner, tile, regionBytes: 4 * regionWords },
    ...{ from: 4 * from, to: 4 * to, bytes: 4 * (to - from) },
  });
  if (what === 'blocks') {
    return listed > 0 ? [{ on: on('blocks'), ...words(entry, list, listed, 0, listed) }] : [];
  }
  if (list + 1 < lists) return [{ on: on('ends'), ...words(entry, 0, lists, list, list + 2) }];
  // The last list of an entry ends where the first of the next one begins.
  return [
    { on: on('ends'), ...words(entry, 0, lists, list, list + 1) },
    { on: on('ends'), ...words(entry + 1, 0, lists, 0, 1) },
  ];
}

/** Sums over the listed tiles of joined neighbours; unlike `rectangleSums`, tiles between them do not count. */
function listedTile(
  problem: Problem,
  head: number,
  part: Rectangle,
  tiles: readonly Rectangle[],
  { br, bc }: Tiling,
): WalkedTile {
  const sums = tiles.map((tile) => rectangleSums(problem, batchOf(problem, head), tile, br, bc));
  if (sums.length === 1) return { head, ...part, ...sums[0]! };
  const sum = (field: 'tiles' | 'keyRows' | 'queryRows') =>
    sums.reduce((total, each) => total + each[field], 0);
  const least = (field: keyof RectangleSums) => Math.min(...sums.map((each) => Number(each[field])));
  const most = (field: keyof RectangleSums) => Math.max(...sums.map((each) => Number(each[field])));
  return {
    ...{ head, ...part, tiles: sum('tiles'), keyRows: sum('keyRows'), queryRows: sum('queryRows') },
    ...{ keyFrom: least('keyFrom'), keyTo: most('keyTo') },
    ...{ queryFrom: least('queryFrom'), queryTo: most('queryTo') },
    state: sums.every(({ state }) => state === 'full') ? 'full' : 'partial',
  };
}

/** Numbers that lie in the same group of `join`, group by group. */
function groupsOf(numbers: readonly number[], join: number): number[][] {
  const groups = new Map<number, number[]>();
  for (const number of numbers) {
    const group = Math.floor(number / join);
    const known = groups.get(group);
    if (known) known.push(number);
    else groups.set(group, [number]);
  }
  return [...groups.values()];
}

/** As flash2's loop, over the listed blocks alone. The list is looked up by one invocation. */
function listedQueryStage(
  problem: Problem,
  tiling: Tiling,
  slice: HeadSlice,
  join: number,
  lists: BlockLists,
  stage: string,
  { rows, keys, bias, results }: QueryStageParts,
): StageWalk {
  const { br, bc } = tiling;
  const rowTiles = Math.ceil(problem.seqLenQ / br);
  function* steps(head: number, workgroup: number): Generator<WalkStep> {
    const batch = batchOf(problem, head);
    const { rowStart, rowEnd } = rowTileOf(problem, br, workgroup);
    const own = (kind: TileAccess['kind'], buffers: QueryStageParts['rows']) =>
      buffers.map((on) => rowsOf(on, kind, head, rowStart, rowEnd));
    const blocks = lists.ofRow(batch, workgroup);
    const list = (what: 'ends' | 'blocks') =>
      listAccesses(problem, 'block_list', lists.entry(batch), workgroup, rowTiles, blocks.length, what);
    const groups = groupsOf(blocks, join);
    if (groups.length === 0) {
      yield { tile: null, accesses: [...list('ends'), ...own('store', results)] };
      return;
    }
    for (const [index, group] of groups.entries()) {
      const tiles = group.map((block) => tileOf(problem, tiling, workgroup, block));
      const part = { rowStart, rowEnd, keyStart: tiles[0]!.keyStart, keyEnd: tiles.at(-1)!.keyEnd };
      const tile = listedTile(problem, head, part, tiles, { ...tiling, br, bc });
      const accesses = keysOfTile(problem, tile, keys, null);
      if (bias) accesses.splice(1, 0, ...tiles.map((each) => matrixPart(problem, bias, 'load', head, each)));
      if (index === 0) accesses.unshift(...list('ends'), ...own('load', rows), ...list('blocks'));
      if (index === groups.length - 1) accesses.push(...own('store', results));
      yield { tile: { head, ...part, state: tile.state }, accesses };
    }
  }
  return headStage(stage, slice, rowTiles, steps);
}

function tileOf(problem: Problem, { br, bc }: Tiling, rowTile: number, keyTile: number): Rectangle {
  return {
    ...rowTileOf(problem, br, rowTile),
    ...{ keyStart: keyTile * bc, keyEnd: Math.min(problem.seqLenKv, (keyTile + 1) * bc) },
  };
}

export const blockSparseWalk: SliceWalk = (problem, tiling, slice, join = 1): StageWalk[] => {
  const width = tiling.bc * join;
  const parts = {
    rows: [tensorBuffer(problem, 'q', tiling.br)],
    keys: [tensorBuffer(problem, 'k', width), tensorBuffer(problem, 'v', width)],
    bias: biasBuffer(problem, { rows: tiling.br, keys: width }),
    results: [tensorBuffer(problem, 'o', tiling.br), statisticBuffer(problem, 'lse', tiling.br)],
  };
  const lists = new BlockLists(problem, tiling);
  return [listedQueryStage(problem, tiling, slice, join, lists, 'attention', parts)];
};

/** dK and dV: a workgroup for each key block, over the rows of tiles that list it, head after head. */
function listedKeyStage(
  problem: Problem,
  tiling: Tiling,
  slice: HeadSlice,
  join: number,
  lists: BlockLists,
  buffers: ReturnType<typeof backwardBuffers>,
): StageWalk {
  const group = groupSize(problem);
  const keyTiles = Math.ceil(problem.seqLenKv / tiling.bc);
  function* steps(kvHead: number, keyTile: number): Generator<WalkStep> {
    const batch = Math.floor(kvHead / problem.kvHeads);
    const keyStart = keyTile * tiling.bc;
    const keyEnd = Math.min(problem.seqLenKv, keyStart + tiling.bc);
    const rows = lists.ofKey(batch, keyTile);
    const list = (what: 'ends' | 'blocks') =>
      listAccesses(problem, 'key_block_list', lists.entry(batch), keyTile, keyTiles, rows.length, what);
    const own = (kind: TileAccess['kind'], names: readonly TensorName[]) =>
      names.map((name) => rowsOf(buffers.tensor(name), kind, kvHead, keyStart, keyEnd));
    const groups = groupsOf(rows, join);
    if (groups.length === 0) {
      yield { tile: null, accesses: [...list('ends'), ...own('store', ['dk', 'dv'])] };
      return;
    }
    for (let member = 0; member < group; member++) {
      const head = kvHead * group + member;
      for (const [index, each] of groups.entries()) {
        const tiles = each.map((row) => tileOf(problem, tiling, row, keyTile));
        const part = { ...tiles[0]!, rowEnd: tiles.at(-1)!.rowEnd };
        const tile = wholeRows(listedTile(problem, head, part, tiles, tiling), tiles);
        const accesses = queriesOfTile(problem, tile, { ...buffers, bias: null });
        const { bias } = buffers;
        if (bias)
          accesses.splice(3, 0, ...tiles.map((one) => matrixPart(problem, bias, 'load', head, one, 'keys')));
        if (index === 0) accesses.unshift(...list('blocks'));
        if (index === 0 && member === 0) accesses.unshift(...list('ends'), ...own('load', ['k', 'v']));
        if (index === groups.length - 1 && member === group - 1) accesses.push(...own('store', ['dk', 'dv']));
        yield { tile: { head, ...part, state: tile.state }, accesses };
      }
    }
  }
  return kvHeadStage(problem, 'dkdv', slice, keyTiles, steps);
}

/** A listed row of tiles is read whole. */
function wholeRows(tile: WalkedTile, tiles: readonly Rectangle[]): WalkedTile {
  const queryRows = tiles.reduce((sum, { rowStart, rowEnd }) => sum + rowEnd - rowStart, 0);
  return { ...tile, queryRows, queryFrom: tiles[0]!.rowStart, queryTo: tiles.at(-1)!.rowEnd };
}

export const blockSparseBackwardWalk: SliceWalk = (problem, tiling, slice, join = 1): StageWalk[] => {
  // Here it is the rows of tiles, br rows each, that are joined for a key block.
  const buffers = backwardBuffers(problem, leastCommonMultiple(tiling.br, tiling.bc) * join);
  const { tensor, lse, delta, bias } = buffers;
  const lists = new BlockLists(problem, tiling);
  return [
    deltaStage(problem, tiling, slice, buffers),
    listedQueryStage(problem, tiling, slice, join, lists, 'dq', {
      rows: [tensor('q'), tensor('dout'), lse, delta],
      keys: [tensor('k'), tensor('v'), tensor('k')],
      bias,
      results: [tensor('dq')],
    }),
    listedKeyStage(problem, tiling, slice, join, lists, buffers),
  ];
};
