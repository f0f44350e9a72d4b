import { rowsPerGroup } from '../cost/work.ts';
import type { Problem } from '../problem.ts';
import type { Tiling } from '../tiling.ts';
import { keyTileSteps } from './keyTiles.ts';
import { queryTileSteps, type WalkedTile } from './queryTiles.ts';
import { rectangleSums } from './rectangle.ts';
import { type MatrixBuffer, matrixPart, type RowBuffer, rowsOf } from './regions.ts';
import {
  batchOf,
  type HeadSlice,
  headStage,
  kvHeadOf,
  kvHeadStage,
  type StageWalk,
  type TileAccess,
} from './walk.ts';

/** What the stages of standard attention share: kernels around an N x M matrix in memory. */
export interface MatrixPass {
  problem: Problem;
  tiling: Tiling;
  slice: HeadSlice;
  join: number;
}

/** What becomes of a matrix at each tile, and in which order; several loads are several accesses. */
export interface MatrixUse {
  on: MatrixBuffer;
  kind: TileAccess['kind'];
}

const loadOf = (on: MatrixBuffer): MatrixUse => ({ on, kind: 'load' });

/** Last row, not included, of the row tile that begins at a row. */
const rowEndOf = ({ problem, tiling }: MatrixPass, rowStart: number) =>
  Math.min(problem.seqLenQ, rowStart + tiling.br);

/**
 * A product of the rows of two tensors: a workgroup for each tile, keys fastest; an empty one ends at once.
 * The joined tiles of one row of tiles are one workgroup.
 */
export function rowProductStage(
  pass: MatrixPass,
  stage: string,
  rows: RowBuffer,
  keys: RowBuffer,
  uses: readonly MatrixUse[],
): StageWalk {
  const { problem, tiling, slice, join } = pass;
  const width = tiling.bc * join;
  const across = Math.ceil(problem.seqLenKv / width);
  const down = Math.ceil(problem.seqLenQ / tiling.br);
  const joined = Math.min(join, Math.ceil(problem.seqLenKv / tiling.bc));
  const steps: StageWalk['steps'] = (head, workgroup) => {
    const rowStart = Math.floor(workgroup / across) * tiling.br;
    const keyStart = (workgroup % across) * width;
    const part = {
      ...{ rowStart, rowEnd: rowEndOf(pass, rowStart) },
      ...{ keyStart, keyEnd: Math.min(problem.seqLenKv, keyStart + width) },
    };
    const sums = rectangleSums(problem, batchOf(problem, head), part, tiling.br, tiling.bc);
    const { state, queryFrom, queryTo, queryRows, keyFrom, keyTo, keyRows } = sums;
    const tile = { head, ...part, state };
    if (state === 'skipped') return [{ tile, accesses: [] }];
    const accesses = [
      rowsOf(rows, 'load', head, queryFrom, queryTo, queryRows),
      rowsOf(keys, 'load', kvHeadOf(problem, head), keyFrom, keyTo, keyRows),
      ...uses.map(({ on, kind }) => matrixPart(problem, on, kind, head, part)),
    ];
    return [{ tile, accesses }];
  };
  return headStage(stage, slice, down * across, steps, joined);
}

/** Weights times the rows of a K/V tensor: a workgroup for each row of tiles. `before` is loaded at the end. */
export function weightedSumStage(
  pass: MatrixPass,
  stage: string,
  weights: MatrixBuffer,
  keys: RowBuffer,
  sums: RowBuffer,
  before?: RowBuffer,
): StageWalk {
  const { problem, tiling, slice, join } = pass;
  const steps: StageWalk['steps'] = (head, workgroup) => {
    const rowStart = workgroup * tiling.br;
    const rowEnd = rowEndOf(pass, rowStart);
    return queryTileSteps(problem, { head, rowStart, rowEnd }, tiling.bc, join, {
      each: (tile) => [
        matrixPart(problem, weights, 'load', head, tile),
        rowsOf(keys, 'load', kvHeadOf(problem, head), tile.keyFrom, tile.keyTo, tile.keyRows),
      ],
      last: () => [
        ...(before ? [rowsOf(before, 'load', head, rowStart, rowEnd)] : []),
        rowsOf(sums, 'store', head, rowStart, rowEnd),
      ],
    });
  };
  return headStage(stage, slice, Math.ceil(problem.seqLenQ / tiling.br), steps);
}

/** Weights times rows of a query tensor, summed by the owners of br keys each. */
export function keySumStage(
  pass: MatrixPass,
  stage: string,
  weights: MatrixBuffer,
  rows: RowBuffer,
  sums: RowBuffer,
): StageWalk {
  const { problem, tiling, slice, join } = pass;
  const steps: StageWalk['steps'] = (kvHead, workgroup) => {
    const keyStart = workgroup * tiling.br;
    const keyEnd = Math.min(problem.seqLenKv, keyStart + tiling.br);
    return keyTileSteps(problem, kvHead, workgroup, tiling, join, {
      each: (tile) => [
        matrixPart(problem, weights, 'load', tile.head, tile, 'keys'),
        rowsOf(rows, 'load', tile.head, tile.queryFrom, tile.queryTo, tile.queryRows),
      ],
      last: () => [rowsOf(sums, 'store', kvHead, keyStart, keyEnd)],
    });
  };
  return kvHeadStage(problem, stage, slice, Math.ceil(problem.seqLenKv / tiling.br), steps);
}

/**
 * A row-wise kernel: each of `sweeps` goes over the visible tiles of the rows once. Its workgroups take four
 * rows each; those of a row of tiles follow each other, and are walked together.
 */
export function rowwiseStage(
  pass: MatrixPass,
  stage: string,
  sweeps: readonly (readonly MatrixUse[])[],
  last?: RowBuffer,
): StageWalk {
  const { problem, tiling, slice, join } = pass;
  function* steps(head: number, workgroup: number) {
    const rowStart = workgroup * tiling.br;
    const rowEnd = rowEndOf(pass, rowStart);
    const end = () => (last ? [rowsOf(last, 'store', head, rowStart, rowEnd)] : []);
    for (const [index, uses] of sweeps.entries()) {
      yield* queryTileSteps(problem, { head, rowStart, rowEnd }, tiling.bc, join, {
        each: (tile: WalkedTile) => uses.map(({ on, kind }) => matrixPart(problem, on, kind, head, tile)),
        ...(index === sweeps.length - 1 ? { last: end } : {}),
      });
    }
  }
  const rowTiles = Math.ceil(problem.seqLenQ / tiling.br);
  return headStage(stage, slice, rowTiles, steps, Math.ceil(tiling.br / rowsPerGroup));
}

/** Sweeps of a softmax that reads its scores `reads` times and writes probabilities with the last. */
export function softmaxSweeps(
  reads: number,
  scores: MatrixBuffer,
  probabilities: MatrixBuffer,
): MatrixUse[][] {
  const sweeps: MatrixUse[][] = Array.from({ length: reads }, () => [loadOf(scores)]);
  sweeps.at(-1)!.push({ on: probabilities, kind: 'store' });
  return sweeps;
}
