import type { CostModel } from './cost/cost.ts';
import { flash2Cost, flash2Stages } from './cost/flash2.ts';
import { standardCost, standardStages } from './cost/standard.ts';
import type { DeviceLimits } from './limits.ts';
import type { Dtype, Pass } from './problem.ts';
import type { Result, Shape } from './shape.ts';
import { headsPerSlice } from './slicing.ts';
import { chooseTile, type RequestedTiling, type Tiling, type WorkgroupMemory } from './tiling.ts';

/** One algorithm: what it is, what it supports, and its costs. The kernels' folder has the same name. */
export interface CatalogueRow {
  id: string;
  title: string;
  /** One sentence: what it does with memory. */
  summary: string;
  source: string;
  passes: readonly Pass[];
  dtypes: readonly Dtype[];
  stages: readonly string[];
  /** Bytes of workgroup memory its hungriest kernel declares. */
  workgroupMemory: WorkgroupMemory;
  /** Bytes of scratch per head in its largest scratch buffer. */
  scratchPerHead: (shape: Shape) => number;
  cost: CostModel;
}

const bytesOfVec4 = 16;
const vec4s = (elements: number) => Math.ceil(elements / 4);
/** A staged tile: one spare vec4 per row, so that neighbouring rows lie in different memory banks. */
const stagedTile = (rows: number, columns: number) => rows * (columns / 4 + 1) * bytesOfVec4;

export const catalogue: readonly CatalogueRow[] = [
  {
    id: 'standard',
    title: 'Standard attention',
    summary: 'Scores and probabilities pass through memory: three dispatches, safe softmax.',
    source: 'FlashAttention (Dao et al. 2022), Algorithm 0',
    passes: ['forward'],
    dtypes: ['f32'],
    stages: standardStages,
    workgroupMemory: (_shape, { br, bc, dc }) =>
      Math.max(stagedTile(br, dc) + stagedTile(bc, dc), stagedTile(br, bc) + stagedTile(bc, dc)),
    scratchPerHead: ({ seqLenQ, seqLenKv }) => seqLenQ * seqLenKv * 4,
    cost: standardCost,
  },
  {
    id: 'flash2',
    title: 'FlashAttention-2',
    summary: 'Outer loop over query blocks, online softmax: scores never leave the chip, O is written once.',
    source: 'FlashAttention-2 (Dao 2023), section 3.1',
    passes: ['forward'],
    dtypes: ['f32'],
    stages: flash2Stages,
    workgroupMemory: ({ headDim }, { br, bc, dc }) =>
      br * vec4s(headDim) * bytesOfVec4 + stagedTile(bc, dc) + stagedTile(br, bc) + br * (bc / 4) * 4,
    scratchPerHead: () => 0,
    cost: flash2Cost,
  },
];

export function findAlgorithm(id: string): CatalogueRow | undefined {
  return catalogue.find((row) => row.id === id);
}

/**
 * The tiling an algorithm uses for a shape on a device. `headsPerSlice` is 0 where not even one head
 * fits the device's bindings.
 */
export function chooseTiling(
  row: CatalogueRow,
  shape: Shape,
  limits: DeviceLimits,
  requested: RequestedTiling = {},
): Result<Tiling> {
  const tile = chooseTile(shape, limits, requested, row.workgroupMemory);
  if (!tile.ok) return tile;
  const { seqLenQ, seqLenKv, headDim, headDimV } = shape;
  const heads = headsPerSlice(shape, limits, {
    q: seqLenQ * headDim * 4,
    k: seqLenKv * headDim * 4,
    v: seqLenKv * headDimV * 4,
    o: seqLenQ * headDimV * 4,
    scratch: row.scratchPerHead(shape),
  });
  return { ok: true, value: { ...tile.value, splits: 1, headsPerSlice: heads } };
}
