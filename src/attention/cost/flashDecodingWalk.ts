import { pageKeys, pagesOf } from '../paging.ts';
import type { Problem } from '../problem.ts';
import { tensorRows } from '../storage.ts';
import type { Tiling } from '../tiling.ts';
import { type PackedTile, packedRowCount, packedRowsSeeing, packedTile } from '../walk/packedRows.ts';
import { type RowBuffer, rowsOf, tensorBuffer } from '../walk/regions.ts';
import {
  groupSize,
  type HeadSlice,
  kvHeadStage,
  type SliceWalk,
  type StageWalk,
  type TileAccess,
  type WalkBuffer,
  type WalkStep,
} from '../walk/walk.ts';
import { vec4s } from '../workgroupMemory.ts';
import { splitKeys } from './packedTiles.ts';
import { rowsPerGroup } from './work.ts';

/** What the stages of split attention share. Rows are packed: those of all query heads of a K/V head. */
export interface DecodingPass {
  problem: Problem;
  tiling: Tiling;
  slice: HeadSlice;
  join: number;
}

const batchOfKv = ({ kvHeads }: Problem, kvHead: number) => Math.floor(kvHead / kvHeads);

export const packedTiles = ({ problem, tiling }: DecodingPass) =>
  Math.ceil(packedRowCount(problem) / tiling.br);

/** Rows of a K/V head's query heads, in the packed order and in regions of one packed tile. */
export function packedBuffer({ problem, tiling }: DecodingPass, name: string, rowBytes: number): RowBuffer {
  const rows = packedRowCount(problem);
  return { buffer: name, memory: name, scope: 'kvHead', rowBytes, rows, unit: tiling.br };
}

export const rowBytesOf = (problem: Problem, name: 'q' | 'o') => tensorRows(problem, name).layout.bytes;

/** Packed rows of a tile's part of one split: scratch that the slices share. */
export function partialRows(
  { problem, tiling, slice }: DecodingPass,
  name: string,
  kind: TileAccess['kind'],
  kvHead: number,
  tile: number,
  split: number,
  packed: PackedTile,
): TileAccess[] {
  const rowBytes = name === 'partial_o' ? vec4s(problem.headDimV) * 16 : 4;
  const keys = splitKeys(problem, tiling);
  const seen = packedRowsSeeing(
    problem,
    batchOfKv(problem, kvHead),
    packed,
    split * keys,
    (split + 1) * keys,
  );
  if (seen.rows === 0) return [];
  return [
    {
      on: { buffer: name, memory: name, scope: 'sliceKvHead' },
      kind,
      owner: kvHead - Math.floor(slice.headStart / groupSize(problem)),
      tile: tile * tiling.splits + split,
      regionBytes: (packed.rowEnd - packed.rowStart) * rowBytes,
      from: (seen.from - packed.rowStart) * rowBytes,
      to: (seen.to - packed.rowStart) * rowBytes,
      bytes: seen.rows * rowBytes,
    },
  ];
}

/**
 * The bias of a packed tile's rows. Where heads share it, a region is the bias of the queries that begin in the
 * tile: it is moved once for each head and fetched once.
 */
function biasPart(
  { problem, tiling, join }: DecodingPass,
  kvHead: number,
  tile: number,
  packed: PackedTile,
  keyStart: number,
  keyEnd: number,
): TileAccess[] {
  const { bias, batch, heads, kvHeads, seqLenKv } = problem;
  if (!bias) return [];
  const group = groupSize(problem);
  const entry = batchOfKv(problem, kvHead);
  const width = tiling.bc * join;
  const column = Math.floor(keyStart / width);
  const before = packedRowsSeeing(problem, entry, packed, column * width, keyStart).pairs;
  const { pairs } = packedRowsSeeing(problem, entry, packed, keyStart, keyEnd);
  if (pairs === 0) return [];
  const own = bias.heads === heads;
  const one = bias.batch === batch;
  const scope: WalkBuffer['scope'] = own ? (one ? 'kvHead' : 'headInBatch') : one ? 'batch' : 'all';
  const owner = own ? (one ? kvHead : kvHead % kvHeads) : one ? entry : 0;
  const queries = Math.ceil(packed.rowEnd / group) - Math.ceil(packed.rowStart / group);
  const rows = packed.rowEnd - packed.rowStart;
  // Of `pairs` elements moved, those of the queries that begin in this tile are fetched.
  const share = own ? 1 : queries / rows;
  const bytesAt = (elements: number) => 4 * Math.round(elements * share);
  const keys = Math.min(width, seqLenKv - column * width);
  return [
    {
      ...{ on: { buffer: 'bias', memory: 'bias', scope }, kind: 'load', owner },
      ...{
        tile: tile * Math.ceil(seqLenKv / width) + column,
        regionBytes: 4 * keys * (own ? rows : queries),
      },
      ...{ from: bytesAt(before), to: bytesAt(before + pairs), bytes: 4 * pairs },
    },
  ];
}

/** Words of the block table for each tile of keys on the way, found page by page. */
function tableWords({ problem, tiling }: DecodingPass, kvHead: number, from: number, to: number): TileAccess {
  let words = 0;
  for (let key = Math.floor(from / tiling.bc) * tiling.bc; key < to; key += tiling.bc) {
    const [first, last] = [Math.max(from, key), Math.min(to, key + tiling.bc)];
    words += Math.ceil(last / pageKeys) - Math.floor(first / pageKeys);
  }
  return {
    on: { buffer: 'block_table', memory: 'block_table', scope: 'batch' },
    ...{ kind: 'load', owner: batchOfKv(problem, kvHead), tile: 0, regionBytes: 4 * pagesOf(problem) },
    ...{ from: 4 * Math.floor(from / pageKeys), to: 4 * Math.ceil(to / pageKeys), bytes: 4 * words },
  };
}

/** A workgroup for each packed tile and split, tiles fastest. */
export function splitStage(pass: DecodingPass, statistic: string, paged: boolean): StageWalk {
  const { problem, tiling, slice, join } = pass;
  const tiles = packedTiles(pass);
  const width = tiling.bc * join;
  const q = packedBuffer(pass, 'q', rowBytesOf(problem, 'q'));
  const [k, v] = [tensorBuffer(problem, 'k', width), tensorBuffer(problem, 'v', width)];
  const group = groupSize(problem);
  function* steps(kvHead: number, workgroup: number): Generator<WalkStep> {
    const [tile, split] = [workgroup % tiles, Math.floor(workgroup / tiles)];
    const packed = packedTile(problem, batchOfKv(problem, kvHead), tiling.br, tile);
    const keys = splitKeys(problem, tiling);
    const start = Math.max(packed.start, split * keys);
    const end = Math.min(packed.end, (split + 1) * keys);
    // What lies between the ends of an empty range is no tile.
    if (start >= end) return;
    for (let key = Math.floor(start / width) * width; key < end; key += width) {
      const [from, to] = [Math.max(start, key), Math.min(end, key + width)];
      const accesses: TileAccess[] = [
        ...(key <= start ? [rowsOf(q, 'load', kvHead, packed.rowStart, packed.rowEnd)] : []),
        ...(paged ? [tableWords(pass, kvHead, from, to)] : []),
        rowsOf(k, 'load', kvHead, from, to),
        ...biasPart(pass, kvHead, tile, packed, from, to),
        rowsOf(v, 'load', kvHead, from, to),
      ];
      if (key + width >= end) {
        for (const name of ['partial_o', statistic]) {
          accesses.push(...partialRows(pass, name, 'store', kvHead, tile, split, packed));
        }
      }
      const full = packed.sharedStart <= from && packed.sharedEnd >= to;
      yield {
        tile: {
          head: kvHead * group,
          rowStart: Math.floor(packed.rowStart / group),
          rowEnd: Math.ceil(packed.rowEnd / group),
          keyStart: Math.max(key, split * keys),
          keyEnd: Math.min(problem.seqLenKv, key + width, (split + 1) * keys),
          state: full ? 'full' : 'partial',
        },
        accesses,
      };
    }
  }
  return kvHeadStage(problem, 'split', slice, tiles * tiling.splits, steps);
}

/** A row-wise stage after the splits. Its workgroups follow heads; here they follow the packed rows of a group. */
export function packedStage(
  pass: DecodingPass,
  stage: string,
  rowsToAGroup: number,
  steps: (kvHead: number, tile: number, packed: PackedTile) => Iterable<WalkStep>,
): StageWalk {
  const { problem, tiling, slice } = pass;
  const tiles = packedTiles(pass);
  const groups = groupSize(problem) * Math.ceil(problem.seqLenQ / rowsToAGroup);
  const make: StageWalk['steps'] = (kvHead, tile) =>
    steps(kvHead, tile, packedTile(problem, batchOfKv(problem, kvHead), tiling.br, tile));
  return kvHeadStage(problem, stage, slice, tiles, make, Math.ceil(groups / tiles));
}

/** All statistics of the rows, then their partial O split by split; `results` are written at the end. */
export function mergeStage(pass: DecodingPass, statistic: string, results: readonly RowBuffer[]): StageWalk {
  const splits = Array.from({ length: pass.tiling.splits }, (_, split) => split);
  return packedStage(pass, 'merge', rowsPerGroup, function* (kvHead, tile, packed): Generator<WalkStep> {
    const part = (name: string, split: number) =>
      partialRows(pass, name, 'load', kvHead, tile, split, packed);
    yield { tile: null, accesses: splits.flatMap((split) => part(statistic, split)) };
    for (const split of splits) {
      const accesses = part('partial_o', split);
      if (accesses.length > 0) yield { tile: null, accesses };
    }
    const accesses = results.map((on) => rowsOf(on, 'store', kvHead, packed.rowStart, packed.rowEnd));
    yield { tile: null, accesses };
  });
}

export function flashDecodingWalk(paged: boolean): SliceWalk {
  return (problem, tiling, slice, join = 1): StageWalk[] => {
    const pass: DecodingPass = { problem, tiling, slice, join };
    const results = [packedBuffer(pass, 'o', rowBytesOf(problem, 'o')), packedBuffer(pass, 'lse', 4)];
    return [splitStage(pass, 'partial_lse', paged), mergeStage(pass, 'partial_lse', results)];
  };
}
