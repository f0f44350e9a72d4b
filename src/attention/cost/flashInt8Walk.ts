import { int8Words, keysPerWord, rowsPerScale } from '../int8.ts';
import type { Problem } from '../problem.ts';
import { queryTileSteps, type WalkedTile } from '../walk/queryTiles.ts';
import {
  biasBuffer,
  leastCommonMultiple,
  matrixPart,
  type RowBuffer,
  rowsOf,
  tensorBuffer,
} from '../walk/regions.ts';
import { rowTileOf } from '../walk/rowTiles.ts';
import {
  groupSize,
  type HeadSlice,
  headStage,
  kvHeadOf,
  kvHeadStage,
  type SliceWalk,
  type StageWalk,
  type TileAccess,
} from '../walk/walk.ts';

/** Codes and scales of a slice, in regions of whole blocks of eight rows that share a scale. */
function codeBuffers(problem: Problem, rotated: boolean, unit: { rows: number; keys: number }) {
  const { seqLenQ, seqLenKv, headDimV } = problem;
  const wordBytes = 4 * int8Words(problem, rotated);
  const codes = (buffer: string, of: 'q' | 'k' | 'v', rowBytes: number, perRow: number): RowBuffer => ({
    ...{ buffer, memory: `${buffer} ${of}`, rowBytes },
    scope: of === 'q' ? 'sliceHead' : 'sliceKvHead',
    rows: Math.ceil((of === 'q' ? seqLenQ : seqLenKv) / perRow),
    unit: (of === 'q' ? unit.rows : unit.keys) / perRow,
  });
  return {
    q: { codes: codes('q8', 'q', wordBytes, 1), scales: codes('scales', 'q', 4, rowsPerScale) },
    k: { codes: codes('k8', 'k', wordBytes, 1), scales: codes('scales', 'k', 4, rowsPerScale) },
    v: {
      codes: codes('v8', 'v', 4 * headDimV, keysPerWord),
      scales: codes('scales', 'v', 4, rowsPerScale),
    },
  };
}

/** The rows of codes, or of scales, that hold rows `from` .. `to` - 1; `count` of them are moved. */
function holding(
  on: RowBuffer,
  kind: TileAccess['kind'],
  owner: number,
  from: number,
  to: number,
  perRow: number,
  count?: number,
): TileAccess {
  return rowsOf(on, kind, owner, Math.floor(from / perRow), Math.ceil(to / perRow), count);
}

/** Eight rows to a workgroup; those of a region are walked together. */
function quantiseStage(
  problem: Problem,
  slice: HeadSlice,
  name: 'q' | 'k' | 'v',
  unit: number,
  buffers: ReturnType<typeof codeBuffers>,
): StageWalk {
  const tensor = tensorBuffer(problem, name, unit);
  const { codes, scales } = buffers[name];
  const first = name === 'q' ? slice.headStart : kvHeadOf(problem, slice.headStart);
  const steps: StageWalk['steps'] = (owner, workgroup) => {
    const from = workgroup * unit;
    const to = Math.min(tensor.rows, from + unit);
    const accesses = [
      rowsOf(tensor, 'load', owner, from, to),
      holding(scales, 'store', owner - first, from, to, rowsPerScale),
      holding(codes, 'store', owner - first, from, to, name === 'v' ? keysPerWord : 1),
    ];
    return [{ tile: null, accesses }];
  };
  const workgroups = Math.ceil(tensor.rows / unit);
  const joined = unit / rowsPerScale;
  return name === 'q'
    ? headStage('quantise', slice, workgroups, steps, joined)
    : kvHeadStage(problem, 'quantise', slice, workgroups, steps, joined);
}

/** Codes of Q, K and V one after the other, then flash2's loop over them. */
export function flashInt8Walk(rotated: boolean): SliceWalk {
  return (problem, tiling, slice, join = 1): StageWalk[] => {
    const { br, bc } = tiling;
    const unit = {
      rows: leastCommonMultiple(br, rowsPerScale),
      keys: leastCommonMultiple(bc * join, rowsPerScale),
    };
    const buffers = codeBuffers(problem, rotated, unit);
    const { q, k, v } = buffers;
    const o = tensorBuffer(problem, 'o', unit.rows);
    const bias = biasBuffer(problem, { rows: br, keys: bc * join });
    const firstKv = Math.floor(slice.headStart / groupSize(problem));
    const tileCodes = (tile: WalkedTile) => {
      const { head, keyFrom, keyTo } = tile;
      const kv = kvHeadOf(problem, head) - firstKv;
      // A scale is looked up for every four keys, though eight share it.
      const words = Math.ceil(keyTo / keysPerWord) - Math.floor(keyFrom / keysPerWord);
      const load = (on: RowBuffer, perRow: number, count?: number) =>
        holding(on, 'load', kv, keyFrom, keyTo, perRow, count);
      return [
        load(k.codes, 1),
        load(v.codes, keysPerWord),
        load(k.scales, rowsPerScale, words),
        load(v.scales, rowsPerScale, words),
        ...(bias ? [matrixPart(problem, bias, 'load', head, tile)] : []),
      ];
    };
    const steps: StageWalk['steps'] = (head, workgroup) => {
      const { rowStart, rowEnd } = rowTileOf(problem, br, workgroup);
      const own = head - slice.headStart;
      const looked = Math.ceil((rowEnd - rowStart) / keysPerWord);
      return queryTileSteps(problem, { head, rowStart, rowEnd }, bc, join, {
        first: () => [
          holding(q.codes, 'load', own, rowStart, rowEnd, 1),
          holding(q.scales, 'load', own, rowStart, rowEnd, rowsPerScale, looked),
        ],
        each: tileCodes,
        last: () => [rowsOf(o, 'store', head, rowStart, rowEnd)],
      });
    };
    return [
      quantiseStage(problem, slice, 'q', unit.rows, buffers),
      quantiseStage(problem, slice, 'k', unit.keys, buffers),
      quantiseStage(problem, slice, 'v', unit.keys, buffers),
      headStage('attention', slice, Math.ceil(problem.seqLenQ / br), steps),
    ];
  };
}
