import type { TensorName } from '../storage.ts';
import type { MatrixPass } from './matrixStages.ts';
import {
  leastCommonMultiple,
  type MatrixBuffer,
  matrixBuffer,
  type RowBuffer,
  tensorBuffer,
} from './regions.ts';

/** Regions of a pass around N x M matrices: their sizes, and the buffers cut by them. */
export interface MatrixRegions {
  unit: { rows: number; keys: number };
  tensor: (name: TensorName) => RowBuffer;
  /** A matrix of the slice's heads, which the next slice uses again. */
  scratch: (name: string, perWord?: number) => MatrixBuffer;
  /** A matrix of every head of the batch, kept from the forward pass. */
  kept: (name: string) => MatrixBuffer;
}

/** Forward: every kernel walks tiles of br rows and bc keys, `join` of them side by side. */
export function forwardRegions({ problem, tiling, slice, join }: MatrixPass): MatrixRegions {
  return regionsOf({ problem, tiling, slice, join }, tiling.br, tiling.bc * join);
}

/**
 * Backward: kernels that own keys turn the tile, br keys and bc rows. Regions are squares which both kinds of
 * tiles cut evenly.
 */
export function backwardRegions(pass: MatrixPass): MatrixRegions {
  const side = leastCommonMultiple(pass.tiling.br, pass.tiling.bc * pass.join);
  return regionsOf(pass, side, side);
}

function regionsOf({ problem, slice }: MatrixPass, rows: number, keys: number): MatrixRegions {
  const unit = { rows, keys };
  return {
    unit,
    tensor: (name) => {
      const ofKeys = name === 'k' || name === 'v' || name === 'dk' || name === 'dv';
      return tensorBuffer(problem, name, ofKeys ? keys : rows);
    },
    scratch: (name, perWord = 1) =>
      matrixBuffer(name, 'sliceHead', (head) => head - slice.headStart, unit, perWord),
    kept: (name) => matrixBuffer(name, 'head', (head) => head, unit),
  };
}
