import { visiblePairs } from '../mask.ts';
import type { Problem } from '../problem.ts';
import type { Tiling } from '../tiling.ts';
import type { StageWork } from './cost.ts';

/** Query rows that a workgroup of a row-wise kernel takes. */
export const rowsPerGroup = 4;

/** A stage before it is multiplied out over pairs, heads and slices. */
export interface StageShape {
  stage: string;
  /** Columns of products that it makes for each visible pair: d for the scores, dv for P V. */
  columns?: number;
  /** Exponentials that it takes for each visible pair. */
  exponentials?: number;
  /** Workgroups for each head of batch x heads. */
  perHead?: number;
  /** Workgroups for each head of batch x kvHeads. */
  perKvHead?: number;
  /** Dispatches for each slice of heads; one where left out. */
  dispatches?: number;
}

/** The work of every stage; `pairs` are those of one head over the whole batch. */
export function stageWork(
  problem: Problem,
  { headsPerSlice }: Pick<Tiling, 'headsPerSlice'>,
  shapes: readonly StageShape[],
  pairs: number = visiblePairs(problem),
): StageWork[] {
  const { batch, heads, kvHeads } = problem;
  const slices = Math.ceil((batch * heads) / Math.max(1, headsPerSlice));
  const allPairs = BigInt(heads) * BigInt(pairs);
  return shapes.map(
    ({ stage, columns = 0, exponentials = 0, perHead = 0, perKvHead = 0, dispatches = 1 }) => ({
      stage,
      matmulFlops: 2n * allPairs * BigInt(columns),
      exponentials: allPairs * BigInt(exponentials),
      dispatches: slices * dispatches,
      workgroups: batch * (heads * perHead + kvHeads * perKvHead),
    }),
  );
}

/** Scores, softmax and P V in one kernel, a workgroup for each row of tiles. */
export function fusedShape(problem: Problem, tiling: Pick<Tiling, 'br' | 'bc'>, stage: string): StageShape {
  const columns = problem.headDim + problem.headDimV;
  return { stage, columns, exponentials: 1, perHead: gridOf(problem, tiling).rowTiles };
}

/** Rows of tiles of one head's score matrix, its columns of tiles, and its rows as row-wise kernels cut them. */
export function gridOf({ seqLenQ, seqLenKv }: Problem, { br, bc }: Pick<Tiling, 'br' | 'bc'>) {
  const rowTiles = Math.ceil(seqLenQ / br);
  const keyTiles = Math.ceil(seqLenKv / bc);
  return { rowTiles, keyTiles, tiles: rowTiles * keyTiles, rowGroups: Math.ceil(seqLenQ / rowsPerGroup) };
}
