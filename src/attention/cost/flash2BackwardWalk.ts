import type { Problem } from '../problem.ts';
import type { TensorName } from '../storage.ts';
import type { Tiling } from '../tiling.ts';
import { keyTileSteps } from '../walk/keyTiles.ts';
import { queryStage } from '../walk/queryStage.ts';
import type { WalkedTile } from '../walk/queryTiles.ts';
import {
  biasBuffer,
  leastCommonMultiple,
  matrixPart,
  rowsOf,
  statisticBuffer,
  tensorBuffer,
} from '../walk/regions.ts';
import { rowTileOf } from '../walk/rowTiles.ts';
import { type HeadSlice, headStage, kvHeadStage, type SliceWalk, type StageWalk } from '../walk/walk.ts';
import { rowsPerGroup } from './work.ts';

/** Buffers of a backward pass, in regions of `side` rows, keys or both. */
export function backwardBuffers(problem: Problem, side: number) {
  return {
    tensor: (name: TensorName) => tensorBuffer(problem, name, side),
    lse: statisticBuffer(problem, 'lse', side),
    delta: statisticBuffer(problem, 'delta', side),
    bias: biasBuffer(problem, { rows: side, keys: side }),
  };
}

type BackwardBuffers = ReturnType<typeof backwardBuffers>;

/** Tiles of br rows or keys, and joined tiles of bc, cut such regions evenly. */
export const gradientSide = ({ br, bc }: Tiling, join: number) => leastCommonMultiple(br, bc * join);

/** The row dot: four rows to a workgroup, walked a row of tiles at a time. */
export function deltaStage(
  problem: Problem,
  tiling: Tiling,
  slice: HeadSlice,
  { tensor, delta }: BackwardBuffers,
): StageWalk {
  const steps: StageWalk['steps'] = (head, workgroup) => {
    const { rowStart, rowEnd } = rowTileOf(problem, tiling.br, workgroup);
    const accesses = [
      rowsOf(tensor('o'), 'load', head, rowStart, rowEnd),
      rowsOf(tensor('dout'), 'load', head, rowStart, rowEnd),
      rowsOf(delta, 'store', head, rowStart, rowEnd),
    ];
    return [{ tile: null, accesses }];
  };
  const joined = Math.ceil(tiling.br / rowsPerGroup);
  return headStage('delta', slice, Math.ceil(problem.seqLenQ / tiling.br), steps, joined);
}

/** What a workgroup that owns keys moves at a tile of query rows: Q is read again for the second product. */
export function queriesOfTile(
  problem: Problem,
  tile: WalkedTile,
  { tensor, lse, delta, bias }: BackwardBuffers,
) {
  const load = (on: Parameters<typeof rowsOf>[0]) =>
    rowsOf(on, 'load', tile.head, tile.queryFrom, tile.queryTo, tile.queryRows);
  return [
    load(lse),
    load(delta),
    load(tensor('q')),
    ...(bias ? [matrixPart(problem, bias, 'load', tile.head, tile, 'keys')] : []),
    load(tensor('dout')),
    load(tensor('q')),
  ];
}

/** dQ, then dK with dV. K is read twice at each tile, for the scores and for the product. */
export const gradientStages: SliceWalk = (problem, tiling, slice, join = 1): StageWalk[] => {
  const buffers = backwardBuffers(problem, gradientSide(tiling, join));
  const { tensor, lse, delta, bias } = buffers;
  const keyTiles = Math.ceil(problem.seqLenKv / tiling.br);
  const steps: StageWalk['steps'] = (kvHead, workgroup) => {
    const keyStart = workgroup * tiling.br;
    const keyEnd = Math.min(problem.seqLenKv, keyStart + tiling.br);
    const own = (kind: 'load' | 'store', names: readonly TensorName[]) =>
      names.map((name) => rowsOf(tensor(name), kind, kvHead, keyStart, keyEnd));
    return keyTileSteps(problem, kvHead, workgroup, tiling, join, {
      first: () => own('load', ['k', 'v']),
      each: (tile) => queriesOfTile(problem, tile, buffers),
      last: () => own('store', ['dk', 'dv']),
    });
  };
  return [
    queryStage(problem, tiling, slice, join, 'dq', {
      rows: [tensor('q'), tensor('dout'), lse, delta],
      keys: [tensor('k'), tensor('v'), tensor('k')],
      bias,
      results: [tensor('dq')],
    }),
    kvHeadStage(problem, 'dkdv', slice, keyTiles, steps),
  ];
};

export const flash2BackwardWalk: SliceWalk = (problem, tiling, slice, join = 1): StageWalk[] => [
  deltaStage(problem, tiling, slice, backwardBuffers(problem, gradientSide(tiling, join))),
  ...gradientStages(problem, tiling, slice, join),
];
