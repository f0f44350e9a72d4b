import type { DeviceLimits } from './limits.ts';
import type { Result, Shape } from './shape.ts';

/** Rows and columns of one tile of the score matrix, and how the plan is cut. */
export interface Tiling {
  /** Query rows per tile. */
  br: number;
  /** Key rows per tile. */
  bc: number;
  /** Columns of the head dimension staged in workgroup memory at a time. */
  dc: number;
  /** Parts into which the key range is split; 1 where the algorithm does not split. */
  splits: number;
  /** Heads (of batch x heads) dispatched at a time; they share scratch buffers with the next slice. */
  headsPerSlice: number;
}

/** What a user may ask for; the rest is chosen. */
export interface RequestedTiling {
  br?: number | undefined;
  bc?: number | undefined;
  splits?: number | undefined;
}

/** Each invocation owns a 4 x 4 block of a score tile, so tiles are multiples of 4 on both sides. */
export const microTile = 4;

export type TileSize = Pick<Tiling, 'br' | 'bc' | 'dc'>;

/** Workgroup memory in bytes that a kernel declares for a tile size. */
export type WorkgroupMemory = (shape: Shape, tile: TileSize) => number;

/** Tiles in the order of preference. */
export type TileCandidates = readonly (readonly [br: number, bc: number])[];

/** Largest tiles first: every doubling of br halves the K and V traffic of a fused kernel. */
const largestRows: TileCandidates = [
  [64, 32],
  [32, 32],
  [16, 32],
  [16, 16],
  [8, 16],
  [8, 8],
  [4, 8],
  [4, 4],
];

/**
 * Chooses br, bc and dc for a kernel of 4 x 4 register blocks: the largest tile that the device's
 * workgroup memory and invocations hold and that is no larger than the sequences need. `candidates` are the
 * tiles to choose from where the algorithm prefers others.
 */
export function chooseTile(
  shape: Shape,
  limits: DeviceLimits,
  requested: RequestedTiling,
  memory: WorkgroupMemory,
  candidates: TileCandidates = largestRows,
): Result<TileSize> {
  for (const name of ['br', 'bc'] as const) {
    const size = requested[name];
    if (size !== undefined && (!Number.isSafeInteger(size) || size < microTile || size % microTile !== 0)) {
      return {
        ok: false,
        error: `tiling ${name}=${size}: must be a multiple of ${microTile}, at least ${microTile}`,
      };
    }
  }
  const options = candidates
    .map(([br, bc]) => ({ br: requested.br ?? br, bc: requested.bc ?? bc }))
    .filter(
      ({ br, bc }) =>
        (requested.br !== undefined || br <= roundUpToPowerOfTwo(shape.seqLenQ)) &&
        (requested.bc !== undefined || bc <= roundUpToPowerOfTwo(shape.seqLenKv)),
    );
  // A whole chunk on a smaller tile beats half a chunk on a larger one: each chunk costs two barriers.
  for (const chunks of [widestChunk, narrowerChunks]) {
    for (const { br, bc } of options) {
      for (const dc of chunks(shape, bc)) {
        if (fits(shape, limits, { br, bc, dc }, memory)) return { ok: true, value: { br, bc, dc } };
      }
    }
  }
  const asked =
    requested.br || requested.bc ? `br=${requested.br ?? 'auto'},bc=${requested.bc ?? 'auto'}` : 'any';
  return {
    ok: false,
    error:
      `tiling ${asked} does not fit head dim ${shape.headDim} on this device: ` +
      `${limits.maxComputeWorkgroupStorageSize} bytes of workgroup memory (maxComputeWorkgroupStorageSize), ` +
      `${limits.maxComputeInvocationsPerWorkgroup} invocations (maxComputeInvocationsPerWorkgroup); ` +
      (asked === 'any' ? 'use a smaller head dim' : 'ask for a smaller tile'),
  };
}

const widestUseful = 64;

/** The widest chunk worth staging: the head dimension, or 64 columns; a multiple of bc. */
function widestChunk(shape: Shape, bc: number): number[] {
  const width = Math.min(Math.max(shape.headDim, shape.headDimV), Math.max(widestUseful, bc));
  return [Math.ceil(width / bc) * bc];
}

function narrowerChunks(shape: Shape, bc: number): number[] {
  const widths: number[] = [];
  for (let width = bc; width < widestChunk(shape, bc)[0]!; width += bc) widths.unshift(width);
  return widths;
}

function fits(shape: Shape, limits: DeviceLimits, tile: TileSize, memory: WorkgroupMemory): boolean {
  const invocations = (tile.br / microTile) * (tile.bc / microTile);
  return (
    invocations <= limits.maxComputeInvocationsPerWorkgroup &&
    invocations <= limits.maxComputeWorkgroupSizeX &&
    memory(shape, tile) <= limits.maxComputeWorkgroupStorageSize
  );
}

function roundUpToPowerOfTwo(size: number): number {
  return Math.max(microTile, 2 ** Math.ceil(Math.log2(size)));
}
